"""The log of attempts: every try, newest first, with the server's own words."""

from typing import Any

from flask import Blueprint, url_for
from flask_login import current_user
from sqlalchemy import select
from werkzeug.wrappers import Response

from mailer.domain.attempts import AttemptFilter, attempts_of
from mailer.domain.booking import mailings_of
from mailer.extensions import db
from mailer.models.mailings import Attempt, AttemptStatus, Mailing, MailingStatus
from mailer.web.htmx import page_or_fragment, shown_query
from mailer.web.ids import ids_among
from mailer.web.pagination import Sorting, list_url, paginate

blueprint = Blueprint("attempts", __name__, url_prefix="/attempts")

NEWEST_FIRST = Sorting(Attempt.id, Attempt.id, is_descending=True)
# One looks for a mailing among the latest; the log of an older one is opened from its own page.
MAILINGS_OFFERED = 200


@blueprint.get("/")
def index() -> Response:
    location, query = url_for(".index"), shown_query()
    wanted = asked_filter(query)
    return page_or_fragment(
        "attempts/index.html",
        "attempts/_log.html",
        page=paginate(attempts_of(current_user.id, wanted), NEWEST_FIRST, location=location),
        wanted=wanted,
        mailings=mailing_choices(wanted.mailing_id),
        status_urls={name: list_url(location, query | {"status": name}) for name in ("", *AttemptStatus)},
    )


def asked_filter(query: dict[str, str]) -> AttemptFilter:
    """What the log is narrowed to; what cannot be meant is passed over."""
    mailing_ids = ids_among([query.get("mailing", "")])
    status = query.get("status", "")
    return AttemptFilter(
        mailing_id=mailing_ids[0] if mailing_ids else None,
        status=AttemptStatus(status) if status in list(AttemptStatus) else None,
        address=query.get("q", ""),
    )


def mailing_choices(chosen_id: int | None) -> list[Any]:
    """Ids and subjects of the latest mailings that have started, and of the one that is chosen."""
    started = mailings_of(current_user.id).where(Mailing.status != MailingStatus.CREATED)
    latest = started.with_only_columns(Mailing.id).order_by(Mailing.id.desc()).limit(MAILINGS_OFFERED).subquery()
    offered = started.where(Mailing.id.in_(select(latest.c.id)) | (Mailing.id == chosen_id))
    return list(db.session.execute(offered.with_only_columns(Mailing.id, Mailing.subject).order_by(Mailing.id.desc())))
