"""The one clock that all hosts share."""

from datetime import UTC, datetime

from sqlalchemy import ColumnElement, func, literal, select

from mailer.models.base import UtcDateTime
from mailer.models.transactions import AnySession


def database_now(session: AnySession) -> datetime:
    """The current time in UTC by the database's clock, which every host reads alike.

    SQLite lives within this process, so its clock is this host's.
    """
    if session.get_bind().dialect.name == "sqlite":
        return datetime.now(UTC)
    now: datetime = session.execute(select(clock(session))).scalar_one()
    return now


def clock(session: AnySession) -> ColumnElement[datetime]:
    """The same as a column of another select, for whoever reads something else besides."""
    if session.get_bind().dialect.name == "sqlite":
        return literal(datetime.now(UTC), UtcDateTime())
    return func.clock_timestamp(type_=UtcDateTime())
