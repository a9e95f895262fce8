"""Statements that write: what differs between the two databases, and how many rows one has changed."""

from typing import Any, cast

from psycopg.errors import LockNotAvailable
from sqlalchemy import CursorResult, Result
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError

from mailer.models.base import Base
from mailer.models.transactions import AnySession


def insert_into(session: AnySession, table: type[Base]) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that can say what becomes of a row that is there already (ON CONFLICT)."""
    return sqlite.insert(table) if session.get_bind().dialect.name == "sqlite" else postgresql.insert(table)


def changed_rows(result: Result[Any]) -> int:
    """How many rows an UPDATE or a DELETE has met. The session's type says less of its results than they can tell."""
    return cast(CursorResult[Any], result).rowcount


def is_lock_taken(error: OperationalError) -> bool:
    """Whether a select that would not wait (NOWAIT) has met a row that another transaction holds."""
    return isinstance(error.orig, LockNotAvailable)
