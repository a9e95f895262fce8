"""What a process loads at its start stays until its end, so that Python's collector need not look through it."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """Whatever the block makes is taken for permanent.

    Some hundred thousand objects would be looked through while they are made, in the midst of requests and of letters,
    and a last time when the process ends, which took a third of what a short command takes in all. The processes that
    are forked for each lane share them instead of copying them.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
