"""Day by day, week by week or month by month: what came of the attempts that were made then."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from flask import request, url_for
from flask_babel import format_date, get_timezone
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from mailer.domain.days import tried_by_day
from mailer.domain.sums import Tried
from mailer.extensions import db
from mailer.models.mailings import AttemptStatus
from mailer.reports.asking import Asked, asked_report, refused_report, report_page
from mailer.reports.numbered_pages import asked_page, numbered_page, offset_of
from mailer.web.formats import calendar_day
from mailer.web.pagination import PAGE_SIZE

STEPS = ("day", "week", "month")


@dataclass(frozen=True)
class PeriodLine:
    """The attempts from the first to the last day, both included."""

    first: date
    last: date
    words: str
    tried: Tried
    urls: dict[str, str]


def by_period() -> Response:
    asked = asked_report()
    if not asked.form.validate():
        return refused_report(asked, "periods")
    found, number = sums_of_periods(asked), asked_page()
    shown = found[offset_of(number) : offset_of(number) + PAGE_SIZE]
    lines = [_line(asked, begin, tried) for begin, tried in shown]
    return report_page(
        asked,
        "periods",
        "reports/_periods.html",
        page=numbered_page(lines, len(found), number, url_for(".by_period")),
        total=sum((tried for _begin, tried in found), Tried()),
        total_urls=_total_urls(asked),
        step=asked_step(),
        step_urls={step: asked.url("reports.by_period", by=step) for step in STEPS},
        csv_url=asked.url("reports.periods_csv", by=asked_step()),
    )


def asked_step() -> str:
    """How long each line of the report is; a day unless something else is asked for."""
    return request.args["by"] if request.args.get("by") in STEPS else "day"


def sums_of_periods(asked: Asked) -> list[tuple[date, Tried]]:
    """Each period by its first day, the latest first: from the first to the last with attempts, none left out."""
    now = datetime.now(UTC)
    tried = tried_by_day(db.session, asked.visible, get_timezone(), asked.form.period, now)
    if not tried:
        return []
    step, sums = asked_step(), dict[date, Tried]()
    for day, of_day in tried.items():
        begin = beginning(day, step)
        sums[begin] = sums.get(begin, Tried()) + of_day
    begins = list(_steps(beginning(min(tried), step), max(tried), step))
    return [(begin, sums.get(begin, Tried())) for begin in reversed(begins)]


def beginning(day: date, step: str) -> date:
    """The first day of the week (a Monday) or month that a day belongs to."""
    if step == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if step == "month" else day


def following(begin: date, step: str) -> date:
    """The first day of the next day, week or month."""
    if step == "month":
        return (begin + timedelta(days=31)).replace(day=1)
    return begin + timedelta(days=7 if step == "week" else 1)


def _steps(begin: date, last: date, step: str) -> Iterator[date]:
    while begin <= last:
        yield begin
        begin = following(begin, step)


def days_of(asked: Asked, begin: date) -> tuple[date, date]:
    """The first and the last day of a period; one at the edge of the filter is not a whole one."""
    last = following(begin, asked_step()) - timedelta(days=1)
    return max(begin, asked.form.first.data or begin), min(last, asked.form.last.data or last)


def _line(asked: Asked, begin: date, tried: Tried) -> PeriodLine:
    first, last = days_of(asked, begin)
    return PeriodLine(first, last, _words(first, last, asked_step()), tried, _log_urls(asked, first, last))


def _log_urls(asked: Asked, first: date, last: date) -> dict[str, str]:
    days = {"from": first.isoformat(), "to": last.isoformat()}
    return {status.value: asked.log_url(**days, status=status) for status in AttemptStatus}


def _total_urls(asked: Asked) -> dict[str, str]:
    days = {"from": asked.query.get("from"), "to": asked.query.get("to")}
    return {status.value: asked.log_url(**days, status=status) for status in AttemptStatus}


def _words(first: date, last: date, step: str) -> str:
    if step == "month":
        # TRANSLATORS: a month with its year, in the notation of Unicode CLDR.
        text = str(format_date(first, _("LLLL y")))
        return text[:1].upper() + text[1:]
    if first == last:
        return calendar_day(first)
    return str(_("%(start)s to %(end)s", start=calendar_day(first), end=calendar_day(last)))
