"""The log of attempts: every try, newest first, with the server's own words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from mailer.attempts.asked import Asked, asked_log, asked_place
from mailer.domain.attempt_log import NEWEST, AttemptLog, LogPage, Place
from mailer.extensions import db
from mailer.models.mailings import AttemptStatus, Mailing, MailingStatus, Verdict
from mailer.web.htmx import invalid, page_or_fragment, shown_query
from mailer.web.ids import MAX_ID
from mailer.web.pagination import PAGE_SIZE, list_url

# One looks for a mailing among the latest; the log of an older one is opened from its own page.
MAILINGS_OFFERED = 200


@dataclass(frozen=True)
class Ways:
    """The addresses of the pages beside this one; empty where there is none."""

    newer: str | None = None
    older: str | None = None


def index() -> Response:
    location, query = url_for(".index"), shown_query()
    asked = asked_log(query)
    context: dict[str, Any] = {
        "asked": asked,
        "wanted": asked.wanted,
        "form": asked.form,
        "mailings": mailing_choices(asked),
        "verdicts": list(Verdict),
        "status_urls": {name: list_url(location, query | {"status": name}) for name in ("", *AttemptStatus)},
        "scope_url": list_url(location, query | {"scope": "", "owner": ""}),
    }
    if not asked.is_valid:
        return invalid("attempts/index.html", "attempts/_log.html", page=None, **context)
    place = asked_place(query)
    log = AttemptLog(db.session, asked.scope, asked.wanted)
    page = log.page(place, PAGE_SIZE)
    if not page.rows and not page.reading and place != NEWEST:
        # What the link led to is no longer there.
        place = NEWEST
        page = log.page(place, PAGE_SIZE)
    ways = ways_from(page, place, location, query)
    return page_or_fragment("attempts/index.html", "attempts/_log.html", page=page, ways=ways, **context)


def ways_from(page: LogPage, place: Place, location: str, query: Mapping[str, str]) -> Ways:
    """The links of a page: it begins at a place, and says whether the same way leads on."""
    begins_at = place.id or 0
    top = page.rows[0][0].id if page.rows else begins_at
    bottom = page.rows[-1][0].id if page.rows else min(begins_at + 1, MAX_ID)
    goes_on = page.has_more or page.reading is not None
    read_to = page.reading.attempt_id if page.reading else None
    newer: int | None = top if place.id is not None else None
    older: int | None = bottom
    if place.is_upwards:
        newer = (read_to or top) if goes_on else None
    else:
        older = (read_to or bottom) if goes_on else None
    return Ways(
        newer=None if newer is None else list_url(location, query, before=str(newer)),
        older=None if older is None else list_url(location, query, after=str(older)),
    )


def mailing_choices(asked: Asked) -> list[Any]:
    """Ids and subjects of the latest mailings that have started, and of the one that is chosen."""
    started = select(Mailing.id, Mailing.subject).where(Mailing.status != MailingStatus.CREATED, *asked.scope)
    latest = started.with_only_columns(Mailing.id).order_by(Mailing.id.desc()).limit(MAILINGS_OFFERED).subquery()
    offered = started.where(Mailing.id.in_(select(latest.c.id)) | (Mailing.id == asked.wanted.mailing_id))
    return list(db.session.execute(offered.order_by(Mailing.id.desc())))
