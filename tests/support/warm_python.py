"""Processes of the product without the seconds that Python takes to import it, on Linux.

    python -m tests.support.warm_python FILE_DESCRIPTOR

imports the product once, and forks for each process that a test asks for. At the fork it has no thread, no open
database and none of the test's environment; from there the fork runs as `python -m MODULE` does.
"""

import gc
import importlib
import os
import runpy
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from mailer.config import PROJECT_DIR

# What the processes of the product import, and nothing that does something when it is imported, as wsgi.py does.
WARM = (
    "mailer.application",
    "flask.cli",
    "gunicorn.app.wsgiapp",
    "gunicorn.workers.gthread",
    "mailer.delivery.worker",
    "mailer.delivery.scheduler",
    "psycopg",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite",
    "time_machine",
)
MARK = "WARM_PYTHON_MARK"
LOOK_SECONDS = 0.02


class WarmProcess:
    """A forked process, with as much of subprocess.Popen as the tests need."""

    def __init__(self, python: "WarmPython", pid: int) -> None:
        self._python = python
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = self._python.ask("poll", self.pid)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        deadline = None if timeout is None else time.monotonic() + timeout
        while (status := self.poll()) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
            time.sleep(LOOK_SECONDS)
        return status

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class WarmPython:
    """The process that forks; it ends with the one that has started it."""

    def __init__(self) -> None:
        # Tells its forks, whose environment the kernel shows as its own, from all other processes.
        self.mark = f"{MARK}={secrets.token_hex(8)}"
        self._questions, theirs = Pipe()
        self._one_at_a_time = threading.Lock()
        name, _, value = self.mark.partition("=")
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(theirs.fileno())],
            cwd=PROJECT_DIR,
            env=os.environ | {name: value},
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
        )
        theirs.close()

    def start(
        self, arguments: Sequence[str], environment: Mapping[str, str], output: Path, errors: Path
    ) -> WarmProcess:
        """`python -m MODULE ...` in a session of its own; `arguments` begin with -m."""
        return WarmProcess(self, self.ask("start", list(arguments), dict(environment), str(output), str(errors)))

    def ask(self, *question: Any) -> Any:
        with self._one_at_a_time:
            self._questions.send(question)
            return self._questions.recv()

    def end(self) -> None:
        self._questions.close()
        self._process.wait()


@contextmanager
def warm_python() -> Iterator[WarmPython | None]:
    """One for the block; None where forks of a process that has imported much are not safe."""
    if sys.platform != "linux":
        yield None
        return
    python = WarmPython()
    yield python
    python.end()


@pytest.fixture(scope="session", name="warm_python")
def warm_python_of_the_session() -> Iterator[WarmPython | None]:
    with warm_python() as python:
        yield python


def main(questions: Connection) -> None:
    for name in WARM:
        importlib.import_module(name)
    assert threading.active_count() == 1
    # What is there now shall not be copied into each fork by the collector's marks.
    gc.freeze()
    ended: dict[int, int] = {}
    while True:
        try:
            word, *details = questions.recv()
        except EOFError:
            return
        if word == "poll":
            questions.send(exit_status(*details, ended))
            continue
        pid = os.fork()
        if pid == 0:
            questions.close()
            become(*details)
            return
        ended.pop(pid, None)
        questions.send(pid)


def exit_status(pid: int, ended: dict[int, int]) -> int | None:
    """None while the process runs. The kernel tells a status once, and two threads may ask for it at a time."""
    if pid not in ended:
        has_ended, status = os.waitpid(pid, os.WNOHANG)
        if has_ended:
            ended[pid] = os.waitstatus_to_exitcode(status)
    return ended.get(pid)


def become(arguments: list[str], environment: dict[str, str], output: str, errors: str) -> None:
    """Run as the process that was asked for."""
    os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    for path, stream in ((output, sys.stdout), (errors, sys.stderr)):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        os.dup2(opened, stream.fileno())
        os.close(opened)
        stream.reconfigure(line_buffering=True, write_through=True)  # type: ignore[union-attr]
    _, module, *rest = arguments
    sys.argv = [module, *rest]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(Connection(int(sys.argv[1])))
