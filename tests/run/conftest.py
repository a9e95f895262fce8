import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mailer.config import PROJECT_DIR
from tests.support.application import SETTINGS
from tests.support.ports import free_port
from tests.support.processes import answers
from tests.support.waiting import wait_until


class Run:
    """`make run`, as the Makefile starts it, on a DATA_DIR and a port of its own."""

    def __init__(self, data_dir: Path, settings: dict[str, str]) -> None:
        self.data_dir = data_dir
        self.settings = settings
        # Each setting is set, if only to nothing, so that no `.env` of a developer is heard.
        self.environment = os.environ | dict.fromkeys(SETTINGS, "") | settings | {"DATA_DIR": str(data_dir)}
        self.output_path = data_dir.with_name(f"{free_port()}.output")
        with open(self.output_path, "wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "mailer.embedded"],
                cwd=PROJECT_DIR,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.settings['PORT']}"

    @property
    def output(self) -> str:
        return self.output_path.read_text()

    @property
    def session_id(self) -> int:
        """The session of everything that was started, whose leader is the supervisor."""
        return self._last_number(r"supervisord started with pid (\d+)")

    def pid_of(self, name: str) -> int:
        """The process that the supervisor started last under a name."""
        return self._last_number(rf"spawned: '{name}' with pid (\d+)")

    def _last_number(self, pattern: str) -> int:
        return int(re.findall(pattern, (self.data_dir / "logs" / "supervisord.log").read_text())[-1])

    def wait_until_ready(self) -> None:
        self.wait_until(lambda: "Ctrl-C stops everything" in self.output, "the last line that `make run` prints")
        assert answers(self.url)

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        wait_until(lambda: condition() or self.process.poll() is not None, what, within=90)
        assert self.process.poll() is None, self.output

    def stop(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(90)


@pytest.fixture(scope="module")
def start_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Run]]:
    """Starts runs, each on a new DATA_DIR unless told; whatever happens, they are stopped."""
    runs: list[Run] = []

    def start(data_dir: Path | None = None, **settings: str) -> Run:
        folder = data_dir or tmp_path_factory.mktemp("run") / "data 100% #1"
        runs.append(Run(folder, {"PORT": str(free_port())} | settings))
        return runs[-1]

    yield start
    for run in runs:
        if run.process.poll() is None:
            run.stop(signal.SIGTERM)


@pytest.fixture(scope="module")
def shared_runs() -> list[Run]:
    return []


@pytest.fixture
def running(start_run: Callable[..., Run], shared_runs: list[Run]) -> Run:
    """A run that is ready; a start takes seconds, so tests share one until one of them ends it."""
    if not shared_runs or shared_runs[-1].process.poll() is not None:
        shared_runs.append(start_run())
        shared_runs[-1].wait_until_ready()
    return shared_runs[-1]
