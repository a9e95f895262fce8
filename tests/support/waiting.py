"""Waiting for what other threads and processes do. No test asserts how fast that is."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

GENEROUS = 60.0


def wait_until(condition: Callable[[], T], what: str, within: float = GENEROUS, every: float = 0.05) -> T:
    """The first truthy value of `condition`; fails the test, naming `what`, when none came `within` so many seconds."""
    deadline = time.monotonic() + within
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {within:.0f} s in vain for {what}; the last look found {value!r}")
        time.sleep(every)
