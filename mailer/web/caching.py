"""What is remembered for a while instead of being counted again, for how long, and what makes it be forgotten.

- The letters of the last 30 days on the first page (mailer/home/letters.py): one's own for 2 s while a mailing runs or
  is booked, and for 30 s otherwise; everybody's for 2 s.
- The count of clients there (mailer/home/views.py): for 10 min, unless somebody has come to them or must no longer be
  written to. Whom somebody else deletes, or allows to be written to again, is seen when the time is over.
- The report by domain (mailer/reports/by_domain.py): under the version of the sums that it is made of, which is read
  from the database each time, so that it is never behind; while the rows of one of its mailings are counted, for 2 s.

Everything is remembered for one user alone, whose id and generation are part of its name. Each form that a user sends
begins a new generation, once it has been worked through: nobody sees their own change late. What workers, other people
and commands do is seen when the time is over; whatever they send is soon enough a running mailing, of which nothing is
older than 2 s.

Redis only saves work. While it does not answer everything is counted, and for some seconds it is not asked again. A new
generation of which it does not hear is noted in the visitor's session, and holds for this browser alone.
"""

import json
import logging
import time
import uuid
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, request, session
from flask_caching import Cache
from flask_login import current_user
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

logger = logging.getLogger(__name__)

SECONDS_WHILE_MOVING = 2
SECONDS_AT_REST = 30
SECONDS_OF_COUNTED_CLIENTS = 600
# Longer than whatever is remembered under it.
GENERATION_SECONDS = 24 * 3600
SECONDS_OF_A_VERSION = 3600
# What Redis was not told, in the session.
UNHEARD = "unheard_generation"
# A Redis that is near answers in a millisecond.
PATIENCE_SECONDS = 0.3
REST_SECONDS = 10

cache = Cache()


class Rest:
    """Until when this process does not ask Redis again."""

    until = 0.0


def remember(app: Flask) -> None:
    """Remember in the application's Redis; without one nothing is remembered."""
    app.config.setdefault("CACHE_TYPE", "RedisCache" if app.config["REDIS_URL"] else "NullCache")
    app.config["CACHE_NO_NULL_WARNING"] = True
    app.config["CACHE_REDIS_URL"] = app.config["REDIS_URL"]
    app.config["CACHE_KEY_PREFIX"] = "mailer-cache:"
    app.config["CACHE_OPTIONS"] = {
        "socket_timeout": PATIENCE_SECONDS,
        "socket_connect_timeout": PATIENCE_SECONDS,
        "retry": Retry(NoBackoff(), 0),
    }
    cache.init_app(app)

    @app.after_request
    def forget_what_was_changed(response: Response) -> Response:
        # A view commits before it answers, so what is counted from now on has its change in it.
        if request.method == "POST":
            begin_generation()
        return response


def remembered(
    name: str, arguments: tuple[str, ...], count: Callable[[], Any], seconds: Callable[[Any], int]
) -> Any:
    """What `count` comes to for the user of this request, as JSON would give it back; not older than it may be.

    The arguments are all that the answer depends on besides the user. `seconds` says of what was counted how old it
    may become.
    """
    user_id = str(current_user.id)
    # Read before anything is counted: what is counted before a change is kept under what was before the change.
    generation = _asked(lambda: cache.get(_generation_of(user_id)))
    key = json.dumps([name, user_id, generation, session.get(UNHEARD), *arguments])
    return _known_or_counted(key, count, seconds)


def seconds_while(is_moving: bool) -> int:
    """How old something may become that changes by itself while a mailing runs or may begin."""
    return SECONDS_WHILE_MOVING if is_moving else SECONDS_AT_REST


def remembered_under(version: str | None, name: str, arguments: tuple[str, ...], count: Callable[[], Any]) -> Any:
    """The same for what changes with a version that was read from the database; without one it changes by itself."""
    if version is None:
        return remembered(name, arguments, count, lambda _counted: SECONDS_WHILE_MOVING)
    key = json.dumps([name, str(current_user.id), "version", version, *arguments])
    return _known_or_counted(key, count, lambda _counted: SECONDS_OF_A_VERSION)


def _known_or_counted(key: str, count: Callable[[], Any], seconds: Callable[[Any], int]) -> Any:
    known = _asked(lambda: cache.get(key))
    if isinstance(known, str):
        return json.loads(known)
    counted = count()
    text = json.dumps(counted)
    _asked(lambda: cache.set(key, text, timeout=seconds(counted)))
    return json.loads(text)


def begin_generation() -> None:
    """Forget what is remembered for whoever is signed in here; call it after the commit."""
    user_id, generation = str(session.get("_user_id", "")).partition(".")[0], uuid.uuid4().hex
    if user_id and not _asked(lambda: cache.set(_generation_of(user_id), generation, timeout=GENERATION_SECONDS)):
        session[UNHEARD] = generation


def _generation_of(user_id: str) -> str:
    return f"generation {user_id}"


def _asked(question: Callable[[], Any]) -> Any:
    """What Redis answers; None while it does not."""
    if time.monotonic() < Rest.until:
        return None
    try:
        return question()
    except (RedisError, OSError) as error:
        Rest.until = time.monotonic() + REST_SECONDS
        logger.warning("Redis does not answer, so nothing is remembered for %s s: %s", REST_SECONDS, error)
        return None
