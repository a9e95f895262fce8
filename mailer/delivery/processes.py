"""Which process is which, across restarts, hosts and containers."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ProcessIdentity:
    """What tells one process of all hosts and all times from every other."""

    host: str
    boot_id: str
    pid: int
    pid_began: str

    @classmethod
    def own(cls) -> "ProcessIdentity":
        return cls(socket.gethostname(), boot_id(), os.getpid(), pid_began(os.getpid()))

    def is_on_this_host(self) -> bool:
        return bool(self.boot_id) and (self.host, self.boot_id) == (socket.gethostname(), boot_id())

    def is_alive(self) -> bool:
        """Whether the process still runs; only meaningful on its own host."""
        return pid_began(self.pid) == self.pid_began

    def is_stopped(self) -> bool:
        """Whether somebody has stopped the process (SIGSTOP), so that it does nothing; only on its own host."""
        fields = _stat(self.pid)
        return bool(fields) and fields[0] in "Tt" and self.is_alive()


def boot_id() -> str:
    """This boot of this host, and this container on it; empty where the system tells neither."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


def pid_began(pid: int) -> str:
    """When the process began, in the kernel's clock ticks; empty when there is none, or it only waits to be buried."""
    fields = _stat(pid)
    return "" if not fields or fields[0] in "ZX" else fields[19]


def _stat(pid: int) -> list[str]:
    """What the kernel tells of a process, from its state on (proc(5)); nothing where there is none."""
    try:
        # The second field, the command's name, may hold blanks and brackets; the last bracket ends it.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
