"""What the limits of the account say to people: how much is used, and whether a window is long enough."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app
from flask_babel import gettext as _
from flask_babel import ngettext

from mailer.delivery.ledger import ledger_of
from mailer.domain.limits import DAY, HOUR, MINUTE, Limits
from mailer.extensions import db
from mailer.web.formats import duration, number


@dataclass(frozen=True)
class LimitWords:
    """How long some letters take under the limits; `warning` where their window is too short for that."""

    takes: str
    warning: str


def limit_words(letters: int, window: timedelta) -> LimitWords | None:
    """The words for so many letters in such a window; None without limits, or without letters."""
    limits = Limits.of(current_app.config)
    if limits is None or not letters:
        return None
    takes = limits.time_for(letters)
    if takes <= window:
        return LimitWords(duration(takes), "")
    limit, seconds, periods = limits.periods_for(letters)
    needed = days(periods) if seconds == DAY else duration(takes)
    warning = ngettext(
        "%(count)s recipient at %(limit)s needs %(needed)s; the window is %(window)s.",
        "%(count)s recipients at %(limit)s need %(needed)s; the window is %(window)s.",
        letters,
        count=number(letters),
        limit=a_period(limit, seconds),
        needed=needed,
        window=days(window.days) if window.days and not window.seconds else duration(window),
    )
    return LimitWords(duration(takes), str(warning))


def used_words(now: datetime) -> str:
    """How much of each limit is used, as in "145 of 500 a day"; empty without limits."""
    limits = Limits.of(current_app.config)
    if limits is None:
        return ""
    moment = now.timestamp()
    used = limits.used_and_given(ledger_of(db.session()).slots(moment), moment)
    return ", ".join(
        _("%(used)s of %(limit)s", used=number(count), limit=a_period(letters, seconds))
        for count, letters, seconds in used
    )


def a_period(letters: int, seconds: int) -> str:
    """A limit, as in "500 a day"."""
    if seconds == MINUTE:
        return str(_("%(count)s a minute", count=number(letters)))
    if seconds == HOUR:
        return str(_("%(count)s an hour", count=number(letters)))
    return str(_("%(count)s a day", count=number(letters)))


def days(count: int) -> str:
    return str(ngettext("%(count)s day", "%(count)s days", count, count=number(count)))
