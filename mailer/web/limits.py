"""How often something may be tried: counted in Redis for all hosts, and in each process while Redis is away."""

import hashlib
import ipaddress
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from flask import Flask, Response, current_app, g, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_limiter import Limiter, RequestLimit, RouteLimit

from mailer.web.errors import Explanation
from mailer.web.formats import clock, duration, zone_name
from mailer.web.htmx import failed

# Redis is near, or away: a page does not wait for it.
REDIS_PATIENCE_SECONDS = 1


def visitors_place() -> str:
    """Where the visitor comes from. Whoever has one address of IPv6 has a whole network of them (RFC 6177)."""
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address) and not address.ipv4_mapped:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


limiter = Limiter(
    visitors_place,
    key_prefix="mailer",
    in_memory_fallback_enabled=True,
    # A Redis that goes away in the middle of a request costs one count, and not the answer.
    swallow_errors=True,
)


def count_tries(app: Flask) -> None:
    """Count in the application's Redis; without one, in this process."""
    url = app.config["REDIS_URL"]
    # The socket of a local Redis has another name there.
    app.config["RATELIMIT_STORAGE_URI"] = url.replace("unix://", "redis+unix://", 1) if url else "memory://"
    if url:
        patience = {"socket_timeout": REDIS_PATIENCE_SECONDS, "socket_connect_timeout": REDIS_PATIENCE_SECONDS}
        app.config["RATELIMIT_STORAGE_OPTIONS"] = patience
    limiter.init_app(app)


def limited(what: str, often: str, key: Callable[[], str] = visitors_place) -> RouteLimit:
    """Let a form be sent so often (as in "10 per hour") for one key; `what` names what is counted together."""
    return limiter.shared_limit(often, what, key_func=key, methods=["POST"], on_breach=say_when)


def limited_failures(what: str, often: str, key: Callable[[], str] = visitors_place) -> RouteLimit:
    """The same, but only what the view calls a failure (`count_failure`) counts."""
    return limiter.shared_limit(
        often, what, key_func=key, methods=["POST"], on_breach=say_when, deduct_when=lambda _answer: is_failure()
    )


def count_failure() -> None:
    """This request counts as a failed try."""
    g.is_failure = True


def is_failure() -> bool:
    return bool(g.get("is_failure", False))


def digest(text: str) -> str:
    """A name for somebody's address that says nothing to whoever looks into Redis."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:32]


def say_when(limit: RequestLimit) -> Response:
    """The answer to one try too many: what has been tried too often, and when it goes on."""
    # Redis rounds up, which must not make the wait longer than it ever is.
    seconds = max(1, min(limit.reset_at - int(time.time()), limit.limit.get_expiry()))
    # Whole minutes, rounded up, so that whoever waits as long as was said need not wait again.
    span = timedelta(minutes=-(-seconds // 60)) if seconds > 60 else timedelta(seconds=seconds)
    again = f"{clock(datetime.now(UTC) + span)} {zone_name()}"
    count = limit.limit.amount
    explanation = Explanation(
        _l("Too many tries"),
        _("This was tried %(count)s times in a short while, which is what a guesser would do.", count=count),
        _("Wait %(span)s, and try again at %(time)s.", span=duration(span), time=again),
    )
    response = failed(429, explanation.what_to_do, explanation=explanation, is_framed=False)
    response.headers["Retry-After"] = str(seconds)
    return current_app.make_response(response)
