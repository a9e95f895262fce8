"""A walk over all clients of an owner: whom a search finds, and how many, without a look at their rows.

It goes along the index of names, which holds what is searched. On PostgreSQL it holds the beginning of it; the few of
whom there is more have an index of their own, and are looked at first.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, SQLColumnExpression, false, func, or_, select, true
from sqlalchemy.sql.expression import ColumnClause
from sqlalchemy.sql.visitors import iterate

from mailer.domain.clients import clients_of, contains
from mailer.models.clients import HAS_LONG_SEARCH, SEARCH_HEAD, Client
from mailer.models.transactions import AnySession

IN_INDEX_OF_NAMES = {Client.name_key.key, Client.id.key}


def found_by_index(session: AnySession, owner_id: int, search: str) -> Select[Client] | None:
    """The clients whom the search finds; an index alone tells which they are, but not what else is known of them.

    None on SQLite, which looks at the rest of a row only once it is found.
    """
    return clients_of(owner_id).where(_is_found(session, owner_id, search)) if _is_postgresql(session) else None


def walk_for_ids(session: AnySession, owner_id: int, search: str, limit: int) -> Sequence[int]:
    """The ids of those whom the search finds, up to so many, in the order of their names."""
    found = clients_of(owner_id).with_only_columns(Client.id).where(_is_found(session, owner_id, search))
    return session.scalars(found.order_by(Client.name_key, Client.id).limit(limit)).all()


def walk_for_counts(
    session: AnySession, owner_id: int, search: str, is_ahead: ColumnElement[bool] | None
) -> Row[int, int, int]:
    """How many clients there are, how many of them the search finds, and how many of those meet the condition."""
    is_found, is_there = _is_found(session, owner_id, search), false() if is_ahead is None else is_ahead
    if _is_postgresql(session) and _is_in_index(is_there):
        walked = _along_names(owner_id, is_found.label("is_found"), is_there.label("is_there")).subquery()
        found, there = func.count().filter(walked.c.is_found), func.count().filter(walked.c.is_found, walked.c.is_there)
        return session.execute(select(func.count(), found, there).select_from(walked)).one()
    counts = func.count(), func.count().filter(is_found), func.count().filter(is_found, is_there)
    return session.execute(clients_of(owner_id).with_only_columns(*counts, maintain_column_froms=True)).one()


def _is_found(session: AnySession, owner_id: int, search: str) -> ColumnElement[bool]:
    if not search.strip():
        return true()
    if not _is_postgresql(session):
        return contains(Client.search_key, search)
    # By id, as an index alone knows it.
    long = clients_of(owner_id, search).with_only_columns(Client.id).where(HAS_LONG_SEARCH).correlate(None)
    return or_(contains(SEARCH_HEAD, search), Client.id.in_(long))


def _along_names(owner_id: int, *columns: SQLColumnExpression[Any]) -> Select[*tuple[Any, ...]]:
    """The rows in the order of the index, in which PostgreSQL reads it for that. By itself it takes the table for the
    cheaper one, and starts processes to read it."""
    rows = clients_of(owner_id).with_only_columns(*columns, maintain_column_froms=True)
    return rows.order_by(Client.name_key, Client.id).offset(0)


def _is_in_index(condition: ColumnElement[bool]) -> bool:
    return {part.key for part in iterate(condition) if isinstance(part, ColumnClause)} <= IN_INDEX_OF_NAMES


def _is_postgresql(session: AnySession) -> bool:
    return session.get_bind().dialect.name == "postgresql"
