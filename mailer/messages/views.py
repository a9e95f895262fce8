"""Messages: the list with its rows edited in place, and a page that shows each as it will be read."""

from typing import Any

from flask import Blueprint, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from mailer.domain.audit import record
from mailer.domain.clock import database_now
from mailer.domain.errors import MessageInUse
from mailer.domain.messages import (
    add_message,
    change_message,
    delete_message,
    mailings_of_message,
    messages_of,
    outlines_of,
)
from mailer.extensions import db
from mailer.messages.forms import MessageForm
from mailer.models.audit import Action
from mailer.models.mailings import MailingStatus
from mailer.models.messages import Message
from mailer.web.actor import actor
from mailer.web.htmx import done, invalid, is_shown, page_or_fragment, shown_query
from mailer.web.pagination import Sorting, paginate, sorted_by

blueprint = Blueprint("messages", __name__, url_prefix="/messages")

SORTINGS = {
    "newest": Sorting(Message.id, Message.id, is_descending=True),
    "subject": Sorting(Message.subject, Message.id),
    "changed": Sorting(Message.updated_at, Message.id, is_descending=True),
}


@blueprint.get("/")
def index() -> Response:
    return page_or_fragment("messages/index.html", "messages/_list.html", **shown_list())


def shown_list() -> dict[str, Any]:
    """What the list's templates show: the page of the messages that the visitor sees."""
    location = url_for(".index")
    search = shown_query().get("q", "")
    order = sorted_by(SORTINGS, default="newest", location=location)
    page = paginate(outlines_of(current_user.id, search), order.sorting, location=location)
    return {"page": page, "search": search, "order": order}


@blueprint.route("/new", methods=["GET", "POST"])
def new() -> Response:
    form = MessageForm()
    if form.validate_on_submit():
        now = database_now(db.session)
        message = add_message(db.session, current_user.id, form.subject.data, form.body.data, now)
        db.session.commit()
        return done(
            _("Added: %(subject)s.", subject=message.subject),
            "messages/_list.html",
            location=url_for(".show", message_id=message.id),
            added=message,
            **shown_list(),
        )
    if form.is_submitted():
        return invalid("messages/new.html", "messages/_new.html", form=form)
    return page_or_fragment("messages/new.html", "messages/_new.html", form=form)


@blueprint.get("/<int:message_id>")
def show(message_id: int) -> Response:
    message = own_message(message_id)
    return page_or_fragment("messages/show.html", "messages/_row.html", message=message, is_focused=True)


@blueprint.route("/<int:message_id>/edit", methods=["GET", "POST"])
def edit(message_id: int) -> Response:
    message = own_message(message_id)
    form = MessageForm(obj=message)
    if form.validate_on_submit():
        change_message(db.session, message, form.subject.data, form.body.data, database_now(db.session))
        db.session.commit()
        return done(
            _("Saved: %(subject)s.", subject=message.subject),
            "messages/_row.html",
            location=url_for(".show", message_id=message.id),
            message=message,
            is_focused=True,
        )
    context = {"form": form, "message": message, "dependents": mailings_of_message(db.session, message)}
    if form.is_submitted():
        return invalid("messages/edit.html", "messages/_row_form.html", **context)
    return page_or_fragment("messages/edit.html", "messages/_row_form.html", **context)


@blueprint.get("/<int:message_id>/delete")
def ask_delete(message_id: int) -> Response:
    return page_or_fragment("messages/delete.html", "messages/_delete.html", **question(own_message(message_id)))


@blueprint.post("/<int:message_id>/delete")
def delete(message_id: int) -> Response:
    message = own_message(message_id)
    subject = message.subject
    record(db.session, Action.DELETE, actor(), database_now(db.session), message)
    try:
        delete_message(db.session, message)
    except MessageInUse:
        db.session.rollback()
        message = own_message(message_id)
        return invalid("messages/delete.html", "messages/_delete.html", **question(message))
    db.session.commit()
    return done(
        _("Deleted: %(subject)s.", subject=subject), "messages/_list.html", location=url_for(".index"), **shown_list()
    )


def question(message: Message) -> dict[str, Any]:
    """What the question before a deletion shows."""
    dependents = mailings_of_message(db.session, message)
    return {
        "message": message,
        "booked": dependents.get(MailingStatus.CREATED, 0),
        "sent": dependents.get(MailingStatus.STARTED, 0) + dependents.get(MailingStatus.COMPLETED, 0),
        "is_from_list": is_shown(url_for(".index")),
    }


def own_message(message_id: int) -> Message:
    message: Message = db.first_or_404(messages_of(current_user.id).where(Message.id == message_id))
    return message
