"""Attempts by the days of a time zone, summed within the database."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, literal, select

from mailer.domain.reports import Period
from mailer.domain.sums import Tried, attempts_by_quarter, sums_of
from mailer.models.mailings import Mailing
from mailer.models.portable import QUARTER_SECONDS
from mailer.models.transactions import AnySession

EPOCH = date(1970, 1, 1)
QUARTERS_PER_DAY = 24 * 3600 // QUARTER_SECONDS


def tried_by_day(
    session: AnySession, mailings: Select[Mailing], zone: tzinfo, period: Period, now: datetime
) -> dict[date, Tried]:
    """The attempts of these mailings within a period, by the day in this time zone; days without any are missing."""
    begins_at = period.begins_at or _earliest_start(session, mailings)
    if begins_at is None:
        return {}
    counted = attempts_by_quarter(mailings, period)
    day = _day_of(counted.c.quarter, zone, begins_at, max(now, period.ends_at or now))
    rows = session.execute(select(day, *sums_of(counted)).group_by(day)).all()
    return {EPOCH + timedelta(days=number): Tried(*map(int, counts)) for number, *counts in rows}


def _earliest_start(session: AnySession, mailings: Select[Mailing]) -> datetime | None:
    started_at = mailings.with_only_columns(Mailing.started_at).order_by(None).subquery()
    earliest: datetime | None = session.scalar(select(func.min(started_at.c.started_at)))
    return earliest


def _day_of(quarter: Any, zone: tzinfo, begins_at: datetime, ends_at: datetime) -> ColumnElement[int]:
    """The day of a quarter of an hour in this zone, counted from the beginning of 1970."""
    first, *others = offsets(zone, begins_at, ends_at)
    branches = [(quarter >= begins, offset) for begins, offset in reversed(others)]
    offset: Any = case(*branches, else_=first[1]) if branches else literal(first[1])
    local: ColumnElement[int] = quarter + offset
    return local // QUARTERS_PER_DAY


def offsets(zone: tzinfo, begins_at: datetime, ends_at: datetime) -> list[tuple[int, int]]:
    """The zone's offsets from UTC in this time: the quarter from which on each one holds, and itself in quarters."""
    found = [(_quarter(begins_at), _offset(zone, begins_at))]
    for moment in _days(begins_at, ends_at + timedelta(days=1)):
        offset = _offset(zone, moment)
        if offset != found[-1][1]:
            found.append((_change(zone, _quarter(moment) - QUARTERS_PER_DAY, _quarter(moment), offset), offset))
    return found


def _days(begins_at: datetime, ends_at: datetime) -> Iterator[datetime]:
    moment = begins_at
    while (moment := moment + timedelta(days=1)) <= ends_at:
        yield moment


def _change(zone: tzinfo, before: int, after: int, offset: int) -> int:
    """The first quarter between these two that has this offset."""
    while after - before > 1:
        middle = (before + after) // 2
        is_changed = _offset(zone, datetime.fromtimestamp(middle * QUARTER_SECONDS, UTC)) == offset
        before, after = (before, middle) if is_changed else (middle, after)
    return after


def _quarter(moment: datetime) -> int:
    return int(moment.timestamp()) // QUARTER_SECONDS


def _offset(zone: tzinfo, moment: datetime) -> int:
    offset = moment.astimezone(zone).utcoffset() or timedelta()
    return int(offset.total_seconds()) // QUARTER_SECONDS
