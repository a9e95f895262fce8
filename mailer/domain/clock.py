"""The one clock that all hosts share."""

from datetime import UTC, datetime

from sqlalchemy import func, select

from mailer.models.transactions import AnySession


def database_now(session: AnySession) -> datetime:
    """The current time in UTC by the database's clock, which every host reads alike.

    SQLite lives within this process, so its clock is this host's.
    """
    if session.get_bind().dialect.name == "sqlite":
        return datetime.now(UTC)
    now: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
    return now.astimezone(UTC)
