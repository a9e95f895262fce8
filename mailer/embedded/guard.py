"""Nothing outlives `make run`: what ends the processes that it started, even when it is killed itself.

The supervisor leads a session of its own, and everything below it stays in that session: web, workers and the
work-horses too, which put themselves in process groups of their own. So a session tells exactly what is ours.

Run as a program under the supervisor, this waits for the lock that `make run` holds on DATA_DIR. The operating system
frees a lock when its holder dies, of whatever cause; then the guard stops the supervisor and ends what is left.
It is run as a plain file, not as a module, so that it needs nothing but the standard library and starts at once.
"""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Set
from pathlib import Path

# Longer than all stop waits of the supervisor's programs together.
SUPERVISOR_STOPS_WITHIN = 50.0


def end_session(session_id: int, grace_seconds: float = 5.0, spared: Set[int] = frozenset()) -> None:
    """End every process of a session but this one and the spared: SIGTERM, and after the grace SIGKILL."""
    _signal_until_gone(session_id, signal.SIGTERM, grace_seconds, spared)
    _signal_until_gone(session_id, signal.SIGKILL, 5.0, spared)


def session_members(session_id: int) -> set[int]:
    """The living processes of a session, without this one and without those that only wait to be reaped."""
    members = _members_by_proc(session_id) if Path("/proc/self/stat").exists() else _members_by_ps(session_id)
    return members - {os.getpid()}


def _signal_until_gone(session_id: int, number: signal.Signals, patience: float, spared: Set[int]) -> None:
    deadline = time.monotonic() + patience
    told: set[int] = set()
    while (members := session_members(session_id) - spared) and time.monotonic() < deadline:
        # Each is told once: to an RQ worker a second SIGTERM means to drop its job.
        for pid in members - told:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass
        told |= members
        time.sleep(0.05)


def _members_by_proc(session_id: int) -> set[int]:
    members = set()
    for entry in os.listdir("/proc"):
        if not entry.isdecimal():
            continue
        try:
            stat = Path("/proc", entry, "stat").read_text(errors="replace")
        except OSError:
            continue
        # The program's name, in brackets, may hold spaces and brackets itself; what follows is proc(5)'s field 3 on.
        state, _parent, _group, session = stat.rpartition(")")[2].split()[:4]
        if int(session) == session_id and state not in "ZX":
            members.add(int(entry))
    return members


def _members_by_ps(session_id: int) -> set[int]:
    """The same where there is no /proc, as on macOS, whose ps does not tell the session."""
    listing = subprocess.run(["ps", "-axo", "pid=,stat="], capture_output=True, text=True, check=True).stdout
    members = set()
    for pid, state in (line.split() for line in listing.splitlines()):
        try:
            if os.getsid(int(pid)) == session_id and not state.startswith("Z"):
                members.add(int(pid))
        except OSError:
            continue
    return members


def main() -> None:
    """Wait until `make run` is gone, then stop its supervisor and whatever that leaves behind."""
    lock_path = Path(sys.argv[1])
    # The supervisor leads the session.
    supervisor = os.getsid(0)
    with open(lock_path) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # A supervisor that stops in order ends by itself as soon as this program has ended.
        end_session(supervisor, spared={supervisor} if _stops_everything_else(supervisor) else set())


def _stops_everything_else(supervisor: int) -> bool:
    """Have the supervisor stop its programs; this one comes last, and the SIGTERM to it tells that all others ended."""
    is_told: list[bool] = []
    signal.signal(signal.SIGTERM, lambda _number, _frame: is_told.append(True))
    deadline = time.monotonic() + SUPERVISOR_STOPS_WITHIN
    try:
        os.kill(supervisor, signal.SIGTERM)
    except ProcessLookupError:
        return False
    while not is_told and time.monotonic() < deadline:
        time.sleep(0.1)
    return bool(is_told)


if __name__ == "__main__":
    main()
