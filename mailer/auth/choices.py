"""What a profile offers to choose from: countries, time zones and languages."""

import functools
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

from babel import Locale
from flask_babel import get_locale
from flask_babel import gettext as _

from mailer.web.locale import LANGUAGES

# Unicode's list of territories has a few codes that are no countries: unions, the unknown, and those for tests.
NO_COUNTRIES = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})

# The zones named after places; the others are older names for them, or fixed offsets.
CONTINENTS = frozenset(
    {"Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"}
)


def countries() -> dict[str, str]:
    """Codes (ISO 3166-1) and names in the visitor's language, in its order."""
    return _countries(get_locale().language)


@functools.cache
def _countries(language: str) -> dict[str, str]:
    names = Locale(language).territories.items()
    known = {code: name for code, name in names if len(code) == 2 and code.isalpha() and code not in NO_COUNTRIES}
    return dict(sorted(known.items(), key=lambda country: country[1].casefold()))


@functools.cache
def _zone_names() -> tuple[str, ...]:
    places = (name for name in available_timezones() if name.partition("/")[0] in CONTINENTS)
    return ("UTC", *sorted(places))


def time_zones() -> dict[str, str]:
    """Names and what they are shown as: "Europe/Moscow (UTC+03:00)", as the clocks stand now."""
    return _time_zones(datetime.now(UTC).replace(minute=0, second=0, microsecond=0))


@functools.lru_cache(maxsize=1)
def _time_zones(now: datetime) -> dict[str, str]:
    # Each zone is a file, and there are hundreds: they are read once an hour, in which clocks are rarely changed.
    places = {name: f"{name.replace('_', ' ')} ({_offset(now, name)})" for name in _zone_names()}
    return places | {"UTC": "UTC"}


def _offset(now: datetime, zone: str) -> str:
    text = now.astimezone(ZoneInfo(zone)).strftime("%z")
    return f"UTC{text[:3]}:{text[3:5]}"


def languages() -> dict[str, str]:
    """The languages, each by its own name."""
    return {"": str(_("As the browser asks"))} | LANGUAGES
