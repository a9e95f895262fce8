"""How numbers, times and durations are written: by the visitor's language, in the user's time zone."""

import functools
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import TypeVar
from zoneinfo import ZoneInfo

from babel.dates import format_datetime as format_in_zone
from babel.dates import get_timezone_name
from babel.numbers import format_decimal
from flask_babel import format_date, format_percent, get_locale, get_timezone
from flask_babel import gettext as _
from markupsafe import Markup

Text = TypeVar("Text", str, Markup)


def _written_once(write: Callable[[datetime], Text]) -> Callable[[datetime], Text]:
    """The same, but written once for each language, zone and day: the same moments stand on page after page."""

    @functools.lru_cache(maxsize=4096)
    def written(value: datetime, _language: str, _zone: tzinfo, _today: date) -> Text:
        return write(value)

    @functools.wraps(write)
    def asked(value: datetime) -> Text:
        zone = get_timezone()
        return written(value, str(get_locale()), zone, datetime.now(zone).date())

    return asked


def number(value: int) -> str:
    """1904 as "1,904"."""
    return _number(value, str(get_locale()))


@functools.lru_cache(maxsize=4096)
def _number(value: int, locale: str) -> str:
    # Tables hold the same small counts over and over.
    return str(format_decimal(value, locale=locale))


def share(value: float) -> str:
    """0.646 as "64.6%"."""
    # TRANSLATORS: how a share with one decimal is written, in the notation of Unicode CLDR.
    return str(format_percent(value, _("#,##0.0%")))


def percent(value: int) -> str:
    """64 as "64%"."""
    return str(format_percent(value / 100))


@_written_once
def clock(value: datetime) -> str:
    """The time of day, as in "10:43"."""
    # TRANSLATORS: a time of day, in the notation of Unicode CLDR.
    return _written(value, _("HH:mm"))


@_written_once
def day(value: datetime) -> str:
    """The date, as in "24 Nov", with the year when it is not this one."""
    # TRANSLATORS: a date of this year, and one of another, in the notation of Unicode CLDR.
    return _written(value, _("d MMM") if _is_this_year(value) else _("d MMM y"))


def calendar_day(value: date) -> str:
    """A day of the calendar, whatever the time zone: as `day` writes it."""
    is_this_year = value.year == _local(datetime.now(UTC)).year
    # TRANSLATORS: a date of this year, and one of another, in the notation of Unicode CLDR.
    return str(format_date(value, _("d MMM") if is_this_year else _("d MMM y")))


@_written_once
def weekday(value: datetime) -> str:
    """The day of the week and of the month, as in "Tuesday, 24 November": with a capital, as it stands alone."""
    # TRANSLATORS: a day of the week with its date, in the notation of Unicode CLDR.
    text = _written(value, _("EEEE, d MMMM"))
    return text[:1].upper() + text[1:]


@_written_once
def day_and_time(value: datetime) -> str:
    """Date and time, as in "24 Nov, 10:43", with the year when it is not this one."""
    # TRANSLATORS: date and time of this year, and of another, in the notation of Unicode CLDR.
    return _written(value, _("d MMM, HH:mm") if _is_this_year(value) else _("d MMM y, HH:mm"))


def span(start: datetime, end: datetime) -> str:
    """From one moment to another, the day said once where both are on the same."""
    is_one_day = _local(start).date() == _local(end).date()
    ends = clock(end) if is_one_day else day_and_time(end)
    return str(_("%(start)s to %(end)s", start=day_and_time(start), end=ends))


@_written_once
def when(value: datetime) -> Markup:
    """Date and time as a `<time>` element that also carries the exact moment."""
    return _time_element(value, day_and_time(value))


@_written_once
def clock_when(value: datetime) -> Markup:
    """The time of day for today, the date for any other day, as a `<time>` element."""
    today = _local(datetime.now(UTC)).date()
    return _time_element(value, clock(value) if _local(value).date() == today else day(value))


@_written_once
def moment(value: datetime) -> Markup:
    """The time to the second, with the date when it is not today, as a `<time>` element."""
    # TRANSLATORS: a time to the second: today, in this year, and in another, in the notation of Unicode CLDR.
    pattern = _("d MMM, HH:mm:ss") if _is_this_year(value) else _("d MMM y, HH:mm:ss")
    if _local(value).date() == _local(datetime.now(UTC)).date():
        pattern = _("HH:mm:ss")
    return _time_element(value, _written(value, pattern))


def duration(value: timedelta) -> str:
    """A length of time in its two largest units, as in "1 h 4 min"."""
    seconds = max(0, round(value.total_seconds()))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if days and hours % 24 == 0:
        return str(_("%(days)s d", days=days))
    if days:
        return str(_("%(days)s d %(hours)s h", days=days, hours=hours % 24))
    if hours and minutes % 60 == 0:
        return str(_("%(hours)s h", hours=hours))
    if hours:
        return str(_("%(hours)s h %(minutes)s min", hours=hours, minutes=minutes % 60))
    if minutes:
        return str(_("%(minutes)s min", minutes=minutes))
    return str(_("%(seconds)s s", seconds=seconds))


def zone_name() -> str:
    """What the user's time zone is called, said once on a page that shows times."""
    return _zone_name(str(get_timezone()), str(get_locale()))


@functools.lru_cache(maxsize=256)
def _zone_name(zone: str, locale: str) -> str:
    # Every time on a page says it.
    if zone == "UTC":
        return "UTC"
    return get_timezone_name(ZoneInfo(zone), width="long", locale=locale, return_zone=False)


def _written(value: datetime, pattern: str) -> str:
    """A moment in the user's zone, in the notation of Unicode CLDR."""
    return str(format_in_zone(_local(value), pattern, locale=get_locale()))


def _time_element(value: datetime, text: str) -> Markup:
    moment = _local(value).replace(microsecond=0)
    return Markup('<time datetime="%s" title="%s %s">%s</time>') % (
        moment.isoformat(), moment.replace(tzinfo=None).isoformat(" "), zone_name(), text
    )


def _is_this_year(value: datetime) -> bool:
    return _local(value).year == _local(datetime.now(UTC)).year


def _local(value: datetime) -> datetime:
    zone: ZoneInfo = get_timezone()
    return value.astimezone(zone)
