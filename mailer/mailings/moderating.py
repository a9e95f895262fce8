"""What moderators do with everybody's mailings: find them, and disable and enable those of others."""

from datetime import UTC, datetime

from flask import abort, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import func
from werkzeug.wrappers import Response

from mailer.delivery.bell import ring_lanes, ring_start
from mailer.domain.audit import record
from mailer.domain.booking import count_mailings
from mailer.domain.books import books_of, books_of_each
from mailer.domain.clock import database_now
from mailer.domain.holds import hold_mailing, holds_on_mailings, lift_hold
from mailer.domain.moderation import MODERATORS, is_disabled, mailings_of_all
from mailer.extensions import db
from mailer.mailings.actions import changed, unchanged
from mailer.mailings.lists import asked_status
from mailer.mailings.own import visible_mailing
from mailer.models.audit import Action
from mailer.models.lanes import HoldKind
from mailer.models.mailings import Mailing, MailingStatus
from mailer.web.access import require_role
from mailer.web.actor import actor
from mailer.web.htmx import invalid, moved, page_or_fragment, shown_query
from mailer.web.pagination import Sorting, list_url, paginate
from mailer.web.reasons import ReasonForm

NEWEST_FIRST = Sorting(Mailing.id, Mailing.id, is_descending=True)
# A filter beside those by status.
DISABLED = "disabled"


@require_role(*MODERATORS)
def everybodys() -> Response:
    location, query = url_for("mailings.everybodys"), shown_query()
    search, wanted = query.get("q", ""), query.get("status", "")
    found = mailings_of_all(search)
    counts = {status.value: count for status, count in count_mailings(db.session, found).items()}
    disabled = found.where(is_disabled())
    counts[DISABLED] = db.session.scalar(disabled.with_only_columns(func.count(Mailing.id))) or 0
    total = sum(counts.get(status, 0) for status in MailingStatus)
    mailings, status = found, asked_status(wanted)
    if status is not None:
        mailings, total = found.where(Mailing.status == status), counts.get(status, 0)
    elif wanted == DISABLED:
        mailings, total = disabled, counts[DISABLED]
    page = paginate(mailings, NEWEST_FIRST, location=location, total=total)
    return page_or_fragment(
        "mailings/everybodys.html",
        "mailings/_everybodys.html",
        page=page,
        search=search,
        wanted=wanted if status or wanted == DISABLED else "",
        counts=counts,
        status_urls={name: list_url(location, query | {"status": name}) for name in ("", *MailingStatus, DISABLED)},
        books=books_of_each(db.session, page.items),
        holds=holds_on_mailings(db.session, [mailing.id for mailing in page.items], datetime.now(UTC)),
    )


def ask_disable(mailing_id: int) -> Response:
    mailing = moderated_mailing(mailing_id)
    if mailing.status is MailingStatus.COMPLETED:
        return moved(nothing_to_disable(), location=url_for("mailings.show", mailing_id=mailing_id))
    return question(mailing, ReasonForm(formdata=None))


def disable(mailing_id: int) -> Response:
    mailing, form = moderated_mailing(mailing_id), ReasonForm()
    if not form.validate():
        return question(mailing, form)
    if mailing.status is MailingStatus.COMPLETED:
        return unchanged(mailing, nothing_to_disable())
    now, reason = database_now(db.session), form.reason.data
    if not hold_mailing(
        db.session, mailing_id, HoldKind.DISABLED, now, placed_by_id=current_user.id, reason=reason
    ):
        return unchanged(mailing, _("This mailing is disabled already."))
    record(db.session, Action.DISABLE, actor(), now, mailing, reason)
    db.session.commit()
    return changed(mailing_id, True, _("Disabled. Letters that have begun are finished, and no other begins."))


def enable(mailing_id: int) -> Response:
    mailing, now = moderated_mailing(mailing_id), database_now(db.session)
    if not lift_hold(db.session, mailing_id, HoldKind.DISABLED, now):
        return unchanged(mailing, _("This mailing is not disabled."))
    record(db.session, Action.ENABLE, actor(), now, mailing)
    status, start_time = mailing.status, mailing.start_time
    db.session.commit()
    is_heard = True
    if status is MailingStatus.STARTED:
        is_heard = ring_lanes(mailing_id)
    elif status is MailingStatus.CREATED and start_time <= now:
        is_heard = ring_start(mailing_id)
    return changed(mailing_id, is_heard, _("Enabled. It goes on unless something else holds it."))


def nothing_to_disable() -> str:
    return str(_("This mailing is completed, so there is nothing to disable."))


def moderated_mailing(mailing_id: int) -> Mailing:
    """The mailing, for a moderator; 404 for who may not see it, 403 for its owner, who may do neither."""
    mailing = visible_mailing(mailing_id)
    if current_user.role not in MODERATORS:
        abort(403)
    return mailing


def question(mailing: Mailing, form: ReasonForm) -> Response:
    """The question before a mailing is disabled; again with what was wrong about the reason."""
    page, fragment = "mailings/disable.html", "mailings/_disable.html"
    context = {"mailing": mailing, "form": form, "books": books_of(db.session, mailing)}
    if request.method == "POST":
        return invalid(page, fragment, **context)
    return page_or_fragment(page, fragment, **context)
