"""How the databases are opened and how a transaction that will write begins."""

from sqlite3 import Connection as SqliteConnection
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.orm import Session, scoped_session

AnySession = Session | scoped_session[Any]

WRITING = {"begins_writing": True}


def prepare_sqlite(engine: Engine) -> None:
    """Give each connection to SQLite its pragmas, and hand BEGIN over to SQLAlchemy; nothing on PostgreSQL."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin)


def prepare_postgresql(engine: Engine) -> None:
    """Tell each connection to PostgreSQL not to compile its queries; nothing on SQLite.

    It compiles what it believes to be long. Ours are many short walks along an index, which take a tenth of the time
    that the compiling does.
    """
    if engine.dialect.name == "postgresql":
        event.listen(engine, "connect", _compile_nothing)


def _compile_nothing(connection: Any, _record: Any) -> None:
    connection.execute("SET jit = off")
    connection.commit()


def begin_writing(session: AnySession) -> None:
    """Open the session's transaction as one that writes.

    SQLite then takes its only write lock at once and waits for it in turn; a transaction that read first and
    wrote later would fail immediately when another one wrote in between. PostgreSQL needs nothing.
    """
    session.connection(execution_options=WRITING)


def _set_pragmas(connection: SqliteConnection, _record: Any) -> None:
    # The driver's own BEGIN comes too late (before the first write), so it is switched off.
    connection.isolation_level = None
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "busy_timeout = 30000"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    is_writing = connection.get_execution_options().get("begins_writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")
