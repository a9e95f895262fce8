"""Who may come in: every route needs a login unless it is named public here."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar
from urllib.parse import urlsplit

from flask import Flask, abort, g, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from mailer.domain.accounts import user_of_session
from mailer.domain.errors import OwnerBlocked
from mailer.extensions import db, login_manager
from mailer.models.users import Role, User
from mailer.web.htmx import login_needed

PUBLIC_ENDPOINTS = frozenset(
    {
        "static",
        "auth.login",
        "auth.register",
        "auth.choose_language",
        "home.healthz",
        "home.metrics",
        "unsubscribing.show",
        "unsubscribing.unsubscribe",
        "unsubscribing.take_back",
        "auth.reset_password",
        "auth.reset_asked",
        "auth.choose_password",
        "auth.confirm_address",
        "auth.confirm_now",
    }
)

P = ParamSpec("P")
R = TypeVar("R")


def guard(app: Flask) -> None:
    """Ask for a login before every view that is not public."""
    # The templates know current_user as a global (web/templating.py), which asks the database only when it is read.
    login_manager.init_app(app, add_context_processor=False)
    login_manager.user_loader(load_user)
    app.before_request(require_login)
    app.register_error_handler(OwnerBlocked, end_session)


def load_user(session_id: str) -> User | None:
    """The user of the session. The language is noted apart, so that pages about a silent database have one too."""
    user = user_of_session(db.session, session_id)
    if user is not None:
        g.chosen_language = user.language
    return user


def require_login() -> Response | None:
    if request.endpoint is None or request.endpoint in PUBLIC_ENDPOINTS or current_user.is_authenticated:
        return None
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    return login_needed(url_for("auth.login", next=wanted))


def end_session(_error: OwnerBlocked) -> Response:
    """Whoever was blocked while their request was under way: it does nothing, and no other will come in."""
    db.session.rollback()
    return login_needed(url_for("auth.login"))


def require_role(*roles: Role) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Answer 404 to those who may not know that the page exists."""

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            if current_user.role not in roles:
                abort(404)
            return view(*args, **kwargs)

        return guarded

    return decorate


def own_page(target: str | None, default: str) -> str:
    """`target` if it is a path of this site, else `default`; no other site is ever redirected to."""
    if not target or not target.startswith("/") or target.startswith("//") or "\\" in target:
        return default
    if any(ord(character) < 32 for character in target):
        return default
    parts = urlsplit(target)
    return default if parts.scheme or parts.netloc else target
