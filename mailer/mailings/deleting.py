"""Deleting a mailing: a booked one by a question, a started one only by typing its name, because it is proof."""

from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from mailer.delivery.bell import cancel_bookings
from mailer.domain.audit import record
from mailer.domain.books import books_of
from mailer.domain.clock import database_now
from mailer.domain.deleting import delete_mailing
from mailer.domain.errors import StillSending
from mailer.extensions import db
from mailer.mailings.lists import shown_list
from mailer.mailings.own import own_mailing
from mailer.models.audit import Action
from mailer.models.mailings import Mailing, MailingStatus
from mailer.web.actor import actor
from mailer.web.htmx import done, invalid, is_shown, page_or_fragment


def ask_delete(mailing_id: int) -> Response:
    return page_or_fragment("mailings/delete.html", "mailings/_delete.html", **question(own_mailing(mailing_id)))


def delete(mailing_id: int) -> Response:
    mailing = own_mailing(mailing_id)
    name = mailing.name
    if mailing.status is not MailingStatus.CREATED and plain(request.form.get("name", "")) != plain(name):
        return refused(mailing, _("Type the name exactly as it stands above."))
    record(db.session, Action.DELETE, actor(), database_now(db.session), mailing, mailing.status)
    try:
        delete_mailing(db.session, mailing)
    except StillSending:
        db.session.rollback()
        return refused(own_mailing(mailing_id), _("Letters are being handed over at this moment. Finish it first."))
    db.session.commit()
    cancel_bookings(mailing_id)
    index = url_for("mailings.index")
    return done(_("Deleted: %(name)s.", name=name), "mailings/_list.html", location=index, **shown_list())


def question(mailing: Mailing, error: str = "") -> dict[str, Any]:
    """What the question shows."""
    return {
        "mailing": mailing,
        "books": books_of(db.session, mailing),
        "error": error,
        "is_from_list": is_shown(url_for("mailings.index")),
    }


def refused(mailing: Mailing, error: str) -> Response:
    return invalid("mailings/delete.html", "mailings/_delete.html", **question(mailing, error))


def plain(text: str) -> str:
    """A name without the spaces that a page does not show."""
    return " ".join(text.split())
