"""A walk over all clients of an owner: whom a search finds, and how many, without a look at their rows.

It goes along the index of names, which holds what is searched. On PostgreSQL it holds the beginning of it; the few of
whom there is more are looked at besides.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, SQLColumnExpression, Subquery, false, func, select, true, union_all
from sqlalchemy.sql.expression import ColumnClause
from sqlalchemy.sql.visitors import iterate

from mailer.domain.clients import clients_of, contains
from mailer.models.clients import HAS_LONG_SEARCH, SEARCH_HEAD, Client
from mailer.models.transactions import AnySession

IN_INDEX_OF_NAMES = {Client.name_key.key, Client.id.key}


def walk_for_ids(session: AnySession, owner_id: int, search: str, limit: int) -> Sequence[int]:
    """The ids of those whom the search finds, up to so many."""
    if session.get_bind().dialect.name != "postgresql":
        return session.scalars(clients_of(owner_id, search).with_only_columns(Client.id).limit(limit)).all()
    walked = _along_names(owner_id, Client.id, contains(SEARCH_HEAD, search).label("is_found"))
    rest = _found_beyond_head(owner_id, search).with_only_columns(Client.id)
    return session.scalars(union_all(select(walked.c.id).where(walked.c.is_found), rest).limit(limit)).all()


def walk_for_counts(
    session: AnySession, owner_id: int, search: str, is_ahead: ColumnElement[bool] | None
) -> Row[int, int, int]:
    """How many clients there are, how many of them the search finds, and how many of those meet the condition."""
    is_there = false() if is_ahead is None else is_ahead
    if session.get_bind().dialect.name == "postgresql" and _is_in_index(is_there):
        return session.execute(_counts_by_index(owner_id, search, is_there)).one()
    is_found = contains(Client.search_key, search) if search.strip() else true()
    counts = func.count(), func.count().filter(is_found), func.count().filter(is_found, is_there)
    return session.execute(clients_of(owner_id).with_only_columns(*counts, maintain_column_froms=True)).one()


def _counts_by_index(owner_id: int, search: str, is_there: ColumnElement[bool]) -> Select[int, int, int]:
    is_found = contains(SEARCH_HEAD, search) if search.strip() else true()
    walked = _along_names(owner_id, is_found.label("is_found"), is_there.label("is_there"))
    found: ColumnElement[int] = func.count().filter(walked.c.is_found)
    there: ColumnElement[int] = func.count().filter(walked.c.is_found, walked.c.is_there)
    if search.strip():
        beyond = _found_beyond_head(owner_id, search).with_only_columns(func.count())
        found, there = found + beyond.scalar_subquery(), there + beyond.where(is_there).scalar_subquery()
    return select(func.count(), found, there).select_from(walked)


def _along_names(owner_id: int, *columns: SQLColumnExpression[Any]) -> Subquery:
    """The rows in the order of the index, in which PostgreSQL reads it for that. By itself it takes the table for the
    cheaper one, and starts processes to read it."""
    rows = clients_of(owner_id).with_only_columns(*columns, maintain_column_froms=True)
    return rows.order_by(Client.name_key, Client.id).offset(0).subquery()


def _found_beyond_head(owner_id: int, search: str) -> Select[Client]:
    """Those whom the search finds by what the index has no room for."""
    return clients_of(owner_id, search).where(HAS_LONG_SEARCH, ~contains(SEARCH_HEAD, search))


def _is_in_index(condition: ColumnElement[bool]) -> bool:
    return {part.key for part in iterate(condition) if isinstance(part, ColumnClause)} <= IN_INDEX_OF_NAMES
