"""The statements that an application sends to its database, and their plans, for tests and benchmarks."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event


@contextmanager
def statements_of(engine: Engine) -> Iterator[list[str]]:
    """Those that are sent within the block, beginnings of transactions apart."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith("BEGIN"):
            statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield statements
    event.remove(engine, "before_cursor_execute", note)


@contextmanager
def plans_of(engine: Engine) -> Iterator[list[list[str]]]:
    """How the database goes about each SELECT that is sent within the block, in its own words, a line a step."""
    plans: list[list[str]] = []
    explain = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN"

    def note(connection: Connection, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if statement.startswith("SELECT"):
            plans.append([str(row[-1]) for row in connection.exec_driver_sql(f"{explain} {statement}", parameters)])

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield plans
    finally:
        event.remove(engine, "before_cursor_execute", note)
