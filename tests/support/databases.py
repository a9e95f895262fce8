"""A fresh, migrated database for each test: a copied SQLite file, or a cloned PostgreSQL database."""

import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import flask_migrate
import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from sqlalchemy.engine import make_url

from mailer import create_app
from mailer.extensions import db
from tests.support.engines import KEPT
from tests.support.postgresql_server import postgresql_server

SMALL_BYTES = 1_000_000


class Databases(Protocol):
    """Makes databases by copying one that was migrated once."""

    def create(self, directory: Path, *, is_migrated: bool = True) -> str:
        """The URL of a new database; `directory` is where it lives if it is a file."""

    def drop(self, url: str) -> None: ...


class SqliteDatabases:
    def __init__(self, template: Path) -> None:
        self.template = template
        migrate(f"sqlite:///{template}")

    def create(self, directory: Path, *, is_migrated: bool = True) -> str:
        path = directory / ("mailer.sqlite" if is_migrated else "empty.sqlite")
        if is_migrated:
            shutil.copyfile(self.template, path)
        return f"sqlite:///{path}"

    def drop(self, url: str) -> None:
        """The file goes with the test's directory."""


class PostgresqlDatabases:
    """Clones of a migrated template. One that a test has done with is emptied for the next, which is faster still."""

    def __init__(self, server_url: str) -> None:
        self.server_url = make_url(server_url)
        self.prefix = f"mailer_test_{os.getpid()}"
        self.numbers = itertools.count(1)
        self.connection = psycopg.connect(self._url(self.server_url.database or "postgres"), autocommit=True)
        self.template = f"{self.prefix}_template"
        self._create(self.template, "template0")
        migrate(self._url(self.template))
        with psycopg.connect(self._url(self.template)) as connection:
            self.tables = tables_of(connection)
            # What a migration itself has filled in would be lost when a database is emptied.
            self.is_template_empty = not holds_rows(connection, self.tables)
        self.in_use: set[str] = set()
        self.emptied: list[str] = []
        self.brooms: dict[str, psycopg.Connection[Any]] = {}

    def create(self, directory: Path, *, is_migrated: bool = True) -> str:
        if not is_migrated:
            return self._url(self._create(self._new_name(), "template0"))
        if not self.emptied:
            self.emptied.append(self._create(self._new_name(), self.template))
        name = self.emptied.pop()
        self.in_use.add(name)
        return self._url(name)

    def drop(self, url: str) -> None:
        name = str(make_url(url).database)
        if name in self.in_use and self.is_template_empty:
            if name not in self.brooms:
                self.brooms[name] = psycopg.connect(url, autocommit=True)
            empty(self.brooms[name], self.tables)
            self.emptied.append(name)
        else:
            self._drop(name)
        self.in_use.discard(name)

    def close(self) -> None:
        for broom in self.brooms.values():
            broom.close()
        for name in [*self.emptied, self.template]:
            self._drop(name)
        self.connection.close()

    def _new_name(self) -> str:
        return f"{self.prefix}_{next(self.numbers)}"

    def _url(self, database: str) -> str:
        return self.server_url.set(drivername="postgresql", database=database).render_as_string(hide_password=False)

    def _create(self, name: str, template: str) -> str:
        # A file copy is the faster of the two strategies for a small database on a server without fsync.
        statement = SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
        self.connection.execute(statement.format(Identifier(name), Identifier(template)))
        return name

    def _drop(self, name: str) -> None:
        # FORCE ends the connections of processes that a test killed or forgot.
        self.connection.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))


def tables_of(connection: psycopg.Connection[Any]) -> list[Identifier]:
    rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    return [Identifier(name) for (name,) in rows if name != "alembic_version"]


def holds_rows(connection: psycopg.Connection[Any], tables: list[Identifier]) -> bool:
    return any(connection.execute(SQL("TABLE {} LIMIT 1").format(table)).fetchone() for table in tables)


def empty(connection: psycopg.Connection[Any], tables: list[Identifier]) -> None:
    """Make a migrated database as new."""
    # Processes that a test killed or forgot would keep the tables locked.
    connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name <> %s",
        [KEPT],
    )
    # Neither the audit log's trigger nor a foreign key is asked. TRUNCATE would make every file anew.
    connection.execute("SET session_replication_role = replica")
    connection.execute(SQL("; ").join(SQL("DELETE FROM {}").format(table) for table in tables))
    connection.execute(
        "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)"
        " FROM pg_sequences WHERE last_value IS NOT NULL"
    )
    # What a large test has left behind would slow down all tests after it.
    for (name,) in connection.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        f" AND pg_relation_size(oid) > {SMALL_BYTES}"
    ).fetchall():
        connection.execute(SQL("VACUUM {}").format(Identifier(name)))


def migrate(url: str) -> None:
    """Bring an empty database to the newest schema, as `flask db upgrade` does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", url)
        app = create_app({"SECRET_KEY": "unused"})
    with app.app_context():
        flask_migrate.upgrade()
        db.engine.dispose()


@pytest.fixture
def database_kind(pytestconfig: pytest.Config) -> str:
    """The database of this test, which is its parameter where the run is on both."""
    return "postgresql" if pytestconfig.getoption("--database") == ["postgresql"] else "sqlite"


@pytest.fixture(scope="session")
def sqlite_databases(tmp_path_factory: pytest.TempPathFactory) -> Databases:
    return SqliteDatabases(tmp_path_factory.mktemp("template") / "mailer.sqlite")


@pytest.fixture(scope="session")
def postgresql_databases() -> Iterator[Databases]:
    with postgresql_server() as server_url:
        made = PostgresqlDatabases(server_url)
        yield made
        made.close()


@pytest.fixture
def databases(database_kind: str, request: pytest.FixtureRequest) -> Databases:
    """Where this test gets its database from; a server is started by the first test that needs it."""
    made: Databases = request.getfixturevalue(f"{database_kind}_databases")
    return made


@pytest.fixture
def database_url(databases: Databases, tmp_path: Path) -> Iterator[str]:
    """The URL of this test's own database, migrated and empty."""
    url = databases.create(tmp_path)
    yield url
    databases.drop(url)


@pytest.fixture
def empty_database_url(databases: Databases, tmp_path: Path) -> Iterator[str]:
    """The URL of this test's own database, without a single table."""
    url = databases.create(tmp_path, is_migrated=False)
    yield url
    databases.drop(url)
