"""The wish to stop politely, as SIGTERM brings it to a process that delivers."""

import signal
from types import FrameType


class _Wish:
    is_made = False


def stop_on_sigterm() -> None:
    """From now on SIGTERM only leaves the wish to stop; a new work-horse starts without one."""
    _Wish.is_made = False
    signal.signal(signal.SIGTERM, _remember)


def stop_requested() -> bool:
    """Whether this process has been asked to finish what is begun and go."""
    return _Wish.is_made


def _remember(_signal: int, _frame: FrameType | None) -> None:
    _Wish.is_made = True
