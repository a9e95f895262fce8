"""The product's real processes, as a test starts, kills and stops them; nothing of them outlives the test."""

import contextlib
import itertools
import os
import secrets
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from mailer.config import PROJECT_DIR
from mailer.web.warming import FOLDER
from tests.support.ports import free_port
from tests.support.process_table import descendants_of, marked_processes, sessions_of
from tests.support.waiting import wait_until
from tests.support.warm_python import WarmProcess, WarmPython

MARK = "MAILER_TEST_MARK"
SHOWN_LOG_CHARACTERS = 6_000


class Running:
    """One process of the product, and the log that it writes."""

    def __init__(self, name: str, process: subprocess.Popen[bytes] | WarmProcess, log: Path) -> None:
        self.name = name
        self.process = process
        self.log = log

    @property
    def words(self) -> str:
        """All that it has printed so far."""
        return self.log.read_text(errors="replace")

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def children(self) -> list[int]:
        return descendants_of(self.process.pid)

    def kill_alone(self) -> None:
        """SIGKILL to the process itself; its children live on for as long as they want to."""
        self.process.kill()
        self.process.wait()

    def kill_with_children(self) -> list[int]:
        """SIGKILL to the process and everything below it, at once; who that was."""
        family = [self.process.pid, *self.children()]
        for pid in family:
            kill(pid)
        self.process.wait()
        return family

    def freeze(self) -> None:
        """SIGSTOP to the process and its children, as when a machine is suspended."""
        for pid in [self.process.pid, *self.children()]:
            os.kill(pid, signal.SIGSTOP)

    def terminate(self, within: float = 60) -> int:
        """SIGTERM, as an operator stops it; its exit status."""
        self.process.terminate()
        return self.process.wait(within)


def kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


class Processes:
    """Starts processes that share one environment, and ends them all."""

    def __init__(self, environment: Mapping[str, str], log_dir: Path, python: WarmPython | None = None) -> None:
        """With a `python` that is warm already they are forks of it, which costs a small part of the time."""
        self.python = python
        self.mark = secrets.token_hex(8)
        self.environment = {**os.environ, **environment, MARK: self.mark, "PYTHONUNBUFFERED": "1"}
        self.log_dir = log_dir
        self.started: list[Running] = []
        self.commands = itertools.count(1)

    def start(self, name: str, *arguments: str, **settings: str) -> Running:
        """Start `python -m MODULE ...` in a session of its own, its settings changed by `settings`."""
        number = len(self.started) + 1
        log = self.log_dir / f"{number:02}-{name}.log"
        process = self._start(arguments, log, log, settings)
        running = Running(name, process, log)
        self.started.append(running)
        return running

    def _start(
        self, arguments: Sequence[str], output: Path, errors: Path, settings: Mapping[str, str]
    ) -> subprocess.Popen[bytes] | WarmProcess:
        environment = self.environment | settings
        output.touch()
        if self.python is not None:
            return self.python.start(arguments, environment, output, errors)
        with open(output, "ab") as output_file, open(errors, "ab") as errors_file:
            return subprocess.Popen(
                [sys.executable, *arguments],
                cwd=PROJECT_DIR,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output_file,
                stderr=errors_file,
                start_new_session=True,
            )

    def start_flask(self, *arguments: str, **settings: str) -> Running:
        return self.start(arguments[0], "-m", "flask", "--app", "wsgi", *arguments, **settings)

    def start_worker(self, **settings: str) -> Running:
        return self.start_flask("worker", **settings)

    def start_scheduler(self, **settings: str) -> Running:
        return self.start_flask("scheduler", **settings)

    def start_web(self, **settings: str) -> str:
        """Start gunicorn; the URL where it answers."""
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        bind = ("--bind", f"127.0.0.1:{port}", "--threads", "8", "--no-control-socket")
        web = self.start("web", "-m", "gunicorn", *bind, "wsgi:app", **settings)
        wait_until(lambda: answers(url) or not web.is_alive, "the web server to answer")
        assert web.is_alive, web.words
        return url

    def flask(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run one flask command to its end."""
        number = next(self.commands)
        output, errors = (self.log_dir / f"command-{number:02}.{kind}" for kind in ("output", "errors"))
        command = ["-m", "flask", "--app", "wsgi", *arguments]
        status = self._start(command, output, errors, settings).wait(120)
        return subprocess.CompletedProcess(command, status, output.read_text(), errors.read_text())

    def end_all(self) -> None:
        """Kill whatever is left, work-horses in process groups of their own included."""
        family = {running.process.pid for running in self.started if running.is_alive}
        for pid in list(family):
            family.update(descendants_of(pid))
        while family:
            for pid in family:
                kill(pid)
            for running in self.started:
                running.process.wait()
            family = set(marked_processes(f"{MARK}={self.mark}")) | self._left_forks()

    def _left_forks(self) -> set[int]:
        """Forks of ours do not show their own environment, but the session which each of ours is the head of."""
        if self.python is None:
            return set()
        ours = {running.process.pid for running in self.started}
        forks = marked_processes(self.python.mark)
        return {pid for pid, session in sessions_of(forks).items() if session in ours}


def answers(url: str) -> bool:
    """Whether a web server answers there, be it with an error."""
    try:
        urllib.request.urlopen(f"{url}/healthz", timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


@pytest.fixture
def processes(
    environment: dict[str, str],
    data_dir: Path,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    warm_python: WarmPython | None,
) -> Iterator[Processes]:
    share_compiled_templates(data_dir, tmp_path_factory)
    log_dir = tmp_path / "logs"
    log_dir.mkdir()
    started = Processes(environment, log_dir, warm_python)
    yield started
    started.end_all()


def share_compiled_templates(data_dir: Path, factory: pytest.TempPathFactory) -> None:
    """Have a web server find what an earlier one of this run has compiled, which takes seconds in a new DATA_DIR."""
    # pytest-xdist gives each of its processes a folder within one for all.
    run = factory.getbasetemp().parent if "PYTEST_XDIST_WORKER" in os.environ else factory.getbasetemp()
    shared = run / FOLDER
    shared.mkdir(exist_ok=True)
    (data_dir / FOLDER).symlink_to(shared)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the ends of the processes' logs with a test that fails."""
    report = yield
    started = getattr(item, "funcargs", {}).get("processes")
    if report.failed and isinstance(started, Processes):
        for running in started.started:
            state = "running" if running.is_alive else f"exit status {running.process.returncode}"
            words = running.words[-SHOWN_LOG_CHARACTERS:]
            report.sections.append((f"{running.log.name} (process {running.process.pid}, {state})", words))
    return report
