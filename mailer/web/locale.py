"""The visitor's language and time zone."""

from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo

from flask import Flask, g, has_request_context, request
from flask_login import current_user

from mailer.extensions import babel

LANGUAGES = ("en",)


def speak(app: Flask) -> None:
    """Tell Flask-Babel whose language and time zone a page is written in."""
    babel.init_app(app, locale_selector=language, timezone_selector=time_zone)


def language() -> str:
    """The language of the visitor's profile, else the one that the browser asks for; English where nobody visits,
    as in a command or a job.
    """
    if not has_request_context():
        return LANGUAGES[0]
    # Left there by whoever has looked up the visitor (web/access.py); nobody is looked up for this.
    chosen = g.get("chosen_language", "")
    if chosen in LANGUAGES:
        return str(chosen)
    return request.accept_languages.best_match(LANGUAGES) or LANGUAGES[0]


def time_zone() -> tzinfo:
    """The time zone of the user's profile, UTC until it is set.

    It is one of the standard library's: given a name, Flask-Babel would make one of pytz's, which puts a time
    without a zone some minutes off.
    """
    is_known = has_request_context() and current_user.is_authenticated
    name = str(current_user.time_zone) if is_known else "UTC"
    return UTC if name == "UTC" else ZoneInfo(name)
