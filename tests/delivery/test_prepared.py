"""Statements on libpq: what they give, what they raise, and what goes on meanwhile."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.postgres import types
from sqlalchemy import Engine

from mailer.delivery.prepared import PreparedStatements

Connection = psycopg.Connection[Any]


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    if engine.dialect.name != "postgresql":
        pytest.skip("only PostgreSQL speaks through libpq")
    with psycopg.connect(engine.url.set(drivername="postgresql").render_as_string(hide_password=False)) as made:
        made.autocommit = True
        yield made


@pytest.fixture
def prepared(connection: Connection) -> PreparedStatements:
    return PreparedStatements(connection, [types["text"].oid])


def nothing() -> None:
    return


def test_a_statement_is_prepared_once_and_says_what_the_driver_says(
    connection: Connection, prepared: PreparedStatements
) -> None:
    for word in ("one", "zwölf"):
        assert prepared.run("SELECT $1, NULL, 7", [word.encode()], nothing) == [(word.encode(), None, b"7")]
        assert connection.execute("SELECT %s", [word]).fetchone() == (word,)
    assert prepared.run("SELECT $1 WHERE false", [b""], nothing) == []
    assert connection.execute("SELECT count(*) FROM pg_prepared_statements WHERE NOT from_sql").fetchone() == (2,)


def test_what_goes_on_meanwhile_goes_on_while_the_database_works(
    connection: Connection, prepared: PreparedStatements
) -> None:
    seen: list[Any] = []

    def look() -> None:
        with psycopg.connect(connection.info.dsn, password=connection.info.password) as other:
            query = "SELECT state FROM pg_stat_activity WHERE pid = %s"
            seen.append(other.execute(query, [connection.info.backend_pid]).fetchone())

    prepared.run("SELECT pg_sleep(0.5), $1", [b""], look)
    assert seen == [("active",)]


def test_values_larger_than_any_buffer_pass_both_ways(prepared: PreparedStatements) -> None:
    large = b"x" * 10_000_000
    assert prepared.run("SELECT $1", [large], nothing) == [(large,)]


def test_a_complaint_is_raised_and_the_next_statement_works(prepared: PreparedStatements) -> None:
    with pytest.raises(psycopg.errors.InvalidTextRepresentation):
        prepared.run("SELECT $1::int", [b"seven"], nothing)
    with pytest.raises(psycopg.errors.SyntaxError):
        prepared.run("SELECT $1 FROM FROM", [b""], nothing)
    assert prepared.run("SELECT $1::int", [b"7"], nothing) == [(b"7",)]


@pytest.mark.parametrize("moment", ["before", "meanwhile"])
def test_a_lost_connection_is_told_from_a_complaint(
    connection: Connection, prepared: PreparedStatements, moment: str
) -> None:
    def cut() -> None:
        with psycopg.connect(connection.info.dsn, password=connection.info.password) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [connection.info.backend_pid])

    prepared.run("SELECT $1", [b""], nothing)
    if moment == "before":
        cut()
    with pytest.raises(psycopg.OperationalError):
        prepared.run("SELECT pg_sleep(0.5), $1", [b""], nothing if moment == "before" else cut)
