"""The RQ dashboard at /rq/: somebody else's pages, let in under our guard."""

from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import rq_dashboard
from flask import Flask, abort, current_app, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from redis.exceptions import RedisError
from rq.exceptions import InvalidJobOperation, NoSuchJobError
from rq_dashboard.web import setup_rq_connection
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from mailer.delivery.bell import redis_answers
from mailer.extensions import csrf
from mailer.models.users import Role
from mailer.web.errors import Explanation
from mailer.web.htmx import failed

NAME = rq_dashboard.blueprint.name

# Its pages have inline scripts and styles, and compile their templates in the browser.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "font-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)

REDIS_EXPLANATION = Explanation(
    _l("Redis does not answer"),
    _l("The queues are kept there, so they cannot be shown. Mailings wait until it is back, and nothing is lost."),
    _l("Try again in a minute. If it stays so, look whether Redis runs, and at REDIS_URL."),
)

REGISTRIES = frozenset({"queued", "started", "failed", "deferred", "finished", "canceled", "scheduled"})


def mount(app: Flask) -> None:
    """Serve the dashboard under /rq/, to admins only; without a Redis it answers that Redis does not."""
    if app.config["REDIS_URL"]:
        # The dashboard shows its URL on each page, so the password goes another way.
        url, password = without_password(app.config["REDIS_URL"])
        app.config["RQ_DASHBOARD_REDIS_URL"] = [url]
        app.config["RQ_DASHBOARD_REDIS_PASSWORD"] = password
        setup_rq_connection(app)
    app.before_request(guard)
    app.after_request(set_policy)
    app.register_error_handler(RedisError, redis_is_down)
    app.register_error_handler(NoSuchJobError, job_is_gone)
    app.register_error_handler(InvalidJobOperation, job_is_gone)
    # Its scripts know nothing of our token; the guard asks the browser where a request comes from instead.
    csrf.exempt(rq_dashboard.blueprint)
    app.register_blueprint(rq_dashboard.blueprint, url_prefix="/rq")


def guard() -> Response | None:
    """Let a request for the dashboard pass only from an admin, from its own pages, and while Redis answers."""
    if request.blueprint != NAME:
        return None
    if current_user.role is not Role.ADMIN or not is_address_known():
        abort(404)
    if request.method == "POST" and request.headers.get("Sec-Fetch-Site") != "same-origin":
        abort(403)
    if request.endpoint == f"{NAME}.requeue_all" and request.method != "POST":
        # The dashboard would requeue on a GET, which any page could make a browser send.
        abort(405)
    if not redis_answers():
        return redis_is_down()
    return None


def is_address_known() -> bool:
    """Whether the dashboard has an answer to this address; it fails at one that it does not expect."""
    given = request.view_args or {}
    numbers = [str(given[name]) for name in ("page", "per_page") if name in given]
    return (
        given.get("instance_number", 0) == 0
        and given.get("registry_name", "queued") in REGISTRIES
        and all(number.isascii() and number.isdecimal() and 0 < int(number) < 10_000 for number in numbers)
    )


def set_policy(response: Response) -> Response:
    """The dashboard's own Content-Security-Policy; an error page of ours keeps ours."""
    if request.blueprint == NAME and response.status_code < 400:
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    return response


def redis_is_down(_error: RedisError | None = None) -> Response:
    return failed(503, REDIS_EXPLANATION.what_happened, explanation=REDIS_EXPLANATION, is_framed=True)


def job_is_gone(_error: Exception) -> ResponseReturnValue:
    return current_app.handle_http_exception(NotFound())


def without_password(url: str) -> tuple[str, str | None]:
    """The URL of a Redis without its password, and the password."""
    parts = urlsplit(url)
    user_info, _at, host = parts.netloc.rpartition("@")
    user, _colon, password = user_info.partition(":")
    query = parse_qsl(parts.query)
    passwords = [unquote(password)] if password else [value for name, value in query if name == "password"]
    others = urlencode([(name, value) for name, value in query if name != "password"])
    # Put together by hand: urlunsplit forgets the slashes of a URL without a host, as that of a socket.
    shown = f"{parts.scheme}://{user}{'@' if user else ''}{host}{parts.path}{'?' if others else ''}{others}"
    return shown, passwords[0] if passwords else None
