"""What the kernel knows about the processes that a test has started, and about their children."""

import contextlib
import os
import subprocess
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

PROC = Path("/proc")


def descendants_of(pid: int) -> list[int]:
    """The living children of a process, their children, and so on."""
    children = children_by_parent()
    found: list[int] = []
    parents = [pid]
    while parents:
        young = children[parents.pop()]
        found += young
        parents += young
    return found


def children_by_parent() -> defaultdict[int, list[int]]:
    children: defaultdict[int, list[int]] = defaultdict(list)
    for pid, parent, state in process_rows():
        if state not in "ZX":
            children[parent].append(pid)
    return children


def process_rows() -> list[tuple[int, int, str]]:
    """Process, parent and state letter of everything that runs here."""
    if not PROC.is_dir():
        listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,state="], capture_output=True, text=True, check=True)
        return [(int(pid), int(parent), state[0]) for pid, parent, state in map(str.split, listed.stdout.splitlines())]
    rows = []
    for folder in PROC.glob("[0-9]*"):
        try:
            # The second field, the command's name, may hold blanks and brackets; the last bracket ends it.
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
        except OSError:
            # It has ended meanwhile.
            continue
        rows.append((int(folder.name), int(parent), state))
    return rows


def is_running(pid: int) -> bool:
    return any(pid == other and state not in "ZX" for other, _, state in process_rows())


def marked_processes(mark: str) -> list[int]:
    """The processes that were started, by whomever, with this text in their environment; Linux only."""
    found = []
    for folder in PROC.glob("[0-9]*") if PROC.is_dir() else ():
        try:
            environment = (folder / "environ").read_bytes()
        except OSError:
            # It has ended meanwhile, or is not ours.
            continue
        if mark.encode() in environment and is_running(int(folder.name)):
            found.append(int(folder.name))
    return found


def sessions_of(pids: Iterable[int]) -> dict[int, int]:
    """The session that each of these processes belongs to; those that have ended are left out."""
    sessions = {}
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            sessions[pid] = os.getsid(pid)
    return sessions
