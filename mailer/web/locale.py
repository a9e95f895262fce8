"""The visitor's language and time zone."""

from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo

from flask import Flask, g, has_request_context, request
from flask_babel import refresh
from flask_login import current_user
from werkzeug.wrappers import Response

from mailer.extensions import babel
from mailer.web.catalogues import SOURCE_LANGUAGE, CatalogueDomain, speak_in_templates

# Each by its own name.
LANGUAGES = {"en": "English", "ru": "Русский"}

# What a browser keeps of a choice, for the pages on which nobody is signed in.
COOKIE, COOKIE_SECONDS = "language", 365 * 24 * 3600


def speak(app: Flask) -> None:
    """Tell Flask-Babel whose language and time zone a page is written in."""
    babel.init_app(app, locale_selector=language, timezone_selector=time_zone)
    babel.domain_instance = CatalogueDomain()
    speak_in_templates(app)


def language() -> str:
    """The language of the visitor's profile, else the one chosen in this browser, else the one that the browser asks
    for; English where nobody visits, as in a command or a job.
    """
    if not has_request_context():
        return SOURCE_LANGUAGE
    # Left there by whoever has looked up the visitor (web/access.py); nobody is looked up for this.
    for chosen in (g.get("chosen_language", ""), request.cookies.get(COOKIE, "")):
        if chosen in LANGUAGES:
            return str(chosen)
    return request.accept_languages.best_match(LANGUAGES) or SOURCE_LANGUAGE


def speak_from_here_on(chosen: str) -> None:
    """The rest of this request speaks the chosen language."""
    g.chosen_language = chosen
    refresh()


def keep(response: Response, chosen: str) -> None:
    """Let the browser keep the choice, or forget it where it is to be asked again."""
    if chosen:
        response.set_cookie(COOKIE, chosen, max_age=COOKIE_SECONDS, httponly=True, samesite="Lax")
    else:
        response.delete_cookie(COOKIE)


def other_languages() -> dict[str, str]:
    """The languages that this page could also be in."""
    return {code: name for code, name in LANGUAGES.items() if code != language()}


def time_zone() -> tzinfo:
    """The time zone of the user's profile, UTC until it is set.

    It is one of the standard library's: given a name, Flask-Babel would make one of pytz's, which puts a time
    without a zone some minutes off.
    """
    is_known = has_request_context() and current_user.is_authenticated
    name = str(current_user.time_zone) if is_known else "UTC"
    return UTC if name == "UTC" else ZoneInfo(name)
