"""How many letters were taken and refused: today, in the last week and month, and on each day of that."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from flask import url_for
from flask_babel import get_timezone
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import Select

from mailer.domain.days import tried_by_day
from mailer.domain.reports import Period
from mailer.domain.sums import Tried
from mailer.extensions import db
from mailer.models.mailings import AttemptStatus, Mailing
from mailer.web.caching import remembered, seconds_while
from mailer.web.formats import number
from mailer.web.pagination import list_url
from mailer.web.scope import scope_query

SPANS = (1, 7, 30)


@dataclass(frozen=True)
class Line:
    """Some days and what came of the attempts on them, each count with the way to the attempts themselves."""

    words: str
    tried: Tried
    urls: dict[str, str]


@dataclass(frozen=True)
class Letters:
    """The `spans` end today; the `days` are those of the longest span, in their order."""

    spans: Sequence[Line]
    days: Sequence[tuple[date, Tried]]


def letters(mailings: Select[Mailing], now: datetime, *, is_everybodys: bool, is_moving: bool) -> Letters:
    """What came of these mailings' letters by the days of the user's time zone, in one query."""
    zone = get_timezone()
    today = now.astimezone(zone).date()
    listed = [today - timedelta(days=ago) for ago in reversed(range(max(SPANS)))]
    begins_at, ends_at = (datetime.combine(day, time(), zone) for day in (listed[0], today + timedelta(days=1)))

    def counts() -> dict[str, list[int]]:
        tried = tried_by_day(db.session, mailings, zone, Period(begins_at, ends_at), now)
        return {day.isoformat(): [getattr(of_day, status) for status in AttemptStatus] for day, of_day in tried.items()}

    # The zone and the day of today decide about the days.
    arguments = (str(is_everybodys), str(zone), today.isoformat())
    tried = remembered("letters", arguments, counts, lambda _counted: seconds_while(is_moving))
    days = [(day, Tried(*tried.get(day.isoformat(), ()))) for day in listed]
    return Letters([_line(days[-span:], is_everybodys) for span in SPANS], days)


def _line(days: Sequence[tuple[date, Tried]], is_everybodys: bool) -> Line:
    words = _("Today") if len(days) == 1 else ngettext(
        "Last %(count)s day", "Last %(count)s days", len(days), count=number(len(days))
    )
    period = {"from": days[0][0].isoformat(), "to": days[-1][0].isoformat(), **scope_query(is_everybodys)}
    location = url_for("attempts.index")
    urls = {status.value: list_url(location, period, status=status.value) for status in AttemptStatus}
    return Line(words, sum((tried for _day, tried in days), Tried()), urls)
