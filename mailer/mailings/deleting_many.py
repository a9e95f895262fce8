"""Deleting many mailings at once: those under way stay, and proof goes only where its number is typed."""

from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from sqlalchemy import Select
from werkzeug.wrappers import Response

from mailer.delivery.bell import cancel_bookings
from mailer.domain.audit import Thing, record
from mailer.domain.booking import count_mailings, mailings_of
from mailer.domain.clock import database_now
from mailer.domain.deleting import delete_mailings
from mailer.extensions import db
from mailer.mailings.lists import asked_status, found_mailings, shown_list
from mailer.models.audit import Action, ThingKind
from mailer.models.mailings import Mailing, MailingStatus
from mailer.web.actor import actor
from mailer.web.bulk import NAMED, Bulk, asked_bulk
from mailer.web.formats import number
from mailer.web.htmx import done, invalid, is_shown, moved, page_or_fragment
from mailer.web.pagination import list_url

PAGE, FRAGMENT = "mailings/delete_many.html", "mailings/_delete_many.html"


def ask_delete_many() -> Response:
    bulk = asked_bulk("mailing_ids")
    context = question(bulk)
    if not context["count"]:
        return moved(_("No mailing was selected."), location=context["back"])
    return page_or_fragment(PAGE, FRAGMENT, **context)


def delete_many() -> Response:
    bulk = asked_bulk("mailing_ids")
    context = question(bulk)
    if bulk.count != str(context["count"]):
        # Some came or went since the question; whoever answered it has not seen this number.
        return invalid(PAGE, FRAGMENT, is_anew=True, **context)
    typed = "".join(character for character in request.form.get("typed", "") if character.isdecimal())
    if context["completed"] and typed != str(context["free"]):
        return invalid(PAGE, FRAGMENT, error=_("Type the number as it stands above."), **context)
    deleted = delete_mailings(db.session, meant(bulk))
    note, now = number(len(deleted)), database_now(db.session)
    record(db.session, Action.DELETE, actor(), now, Thing(ThingKind.MAILINGS, named(context)), note)
    db.session.commit()
    cancel_bookings(*deleted)
    words = ngettext("Deleted %(count)s mailing.", "Deleted %(count)s mailings.", len(deleted), count=note)
    return done(words, "mailings/_list.html", location=context["back"], **shown_list())


def named(context: dict[str, Any]) -> str:
    """The first of them by name, for the audit log: what they prove is gone."""
    return ", ".join([*context["names"], *(["…"] if context["free"] > NAMED else [])])


def meant(bulk: Bulk) -> Select[Mailing]:
    found = found_mailings(bulk.search, asked_status(bulk.status))
    return bulk.among(mailings_of(current_user.id), found, Mailing.id)


def question(bulk: Bulk) -> dict[str, Any]:
    """What the question shows: how many there are, and how many of them stay because they are under way."""
    counts = count_mailings(db.session, meant(bulk))
    count, started = sum(counts.values()), counts.get(MailingStatus.STARTED, 0)
    free = meant(bulk).where(Mailing.status != MailingStatus.STARTED).order_by(Mailing.id.desc())
    return {
        "bulk": bulk,
        "count": count,
        "free": count - started,
        "started": started,
        "booked": counts.get(MailingStatus.CREATED, 0),
        "completed": counts.get(MailingStatus.COMPLETED, 0),
        "names": [mailing.name for mailing in db.session.scalars(free.limit(NAMED))],
        "back": list_url(url_for("mailings.index"), bulk.list_query),
        "is_from_list": is_shown(url_for("mailings.index")),
    }
