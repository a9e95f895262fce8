"""Deleting messages, one or many, after a question that says what depends on them."""

from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from sqlalchemy import Select
from werkzeug.wrappers import Response

from mailer.domain.audit import Thing, record
from mailer.domain.clock import database_now
from mailer.domain.errors import MessageInUse
from mailer.domain.messages import (
    count_messages,
    delete_message,
    delete_messages,
    dependents_of_messages,
    mailings_of_message,
    messages_of,
)
from mailer.extensions import db
from mailer.messages.lists import shown_list
from mailer.messages.own import own_message
from mailer.models.audit import Action, ThingKind
from mailer.models.mailings import MailingStatus
from mailer.models.messages import Message
from mailer.web.actor import actor
from mailer.web.bulk import NAMED, Bulk, asked_bulk
from mailer.web.formats import number
from mailer.web.htmx import done, invalid, is_shown, moved, page_or_fragment
from mailer.web.pagination import list_url


def ask_delete(message_id: int) -> Response:
    return page_or_fragment("messages/delete.html", "messages/_delete.html", **question(own_message(message_id)))


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
    location = url_for("messages.index")
    return done(_("Deleted: %(subject)s.", subject=subject), "messages/_list.html", location=location, **shown_list())


def question(message: Message) -> dict[str, Any]:
    """What the question before a deletion shows."""
    dependents = mailings_of_message(db.session, message)
    return {
        "message": message,
        "booked": dependents.get(MailingStatus.CREATED, 0),
        "sent": dependents.get(MailingStatus.STARTED, 0) + dependents.get(MailingStatus.COMPLETED, 0),
        "is_from_list": is_shown(url_for("messages.index")),
    }


def ask_delete_many() -> Response:
    bulk = asked_bulk("message_ids")
    count = count_messages(db.session, meant(bulk))
    if not count:
        return moved(_("No message was selected."), location=list_url(url_for("messages.index"), bulk.list_query))
    return page_or_fragment("messages/delete_many.html", "messages/_delete_many.html", **question_of_many(bulk, count))


def delete_many() -> Response:
    bulk = asked_bulk("message_ids")
    messages = meant(bulk)
    count = count_messages(db.session, messages)
    if bulk.count != str(count):
        # Some came or went since the question; whoever answered it has not seen this number.
        return asked_anew(bulk, count)
    try:
        deleted = delete_messages(db.session, messages)
    except MessageInUse:
        return asked_anew(bulk, count)
    note = number(deleted)
    record(db.session, Action.DELETE, actor(), database_now(db.session), Thing(ThingKind.MESSAGES), note)
    db.session.commit()
    words = ngettext("Deleted %(count)s message.", "Deleted %(count)s messages.", deleted, count=note)
    location = list_url(url_for("messages.index"), bulk.list_query)
    return done(words, "messages/_list.html", location=location, **shown_list())


def asked_anew(bulk: Bulk, count: int) -> Response:
    context = question_of_many(bulk, count, is_anew=True)
    return invalid("messages/delete_many.html", "messages/_delete_many.html", **context)


def meant(bulk: Bulk) -> Select[Message]:
    return bulk.among(messages_of(current_user.id), messages_of(current_user.id, bulk.search), Message.id)


def question_of_many(bulk: Bulk, count: int, is_anew: bool = False) -> dict[str, Any]:
    """What the question before the deletion of many shows."""
    subjects = meant(bulk).with_only_columns(Message.subject).order_by(Message.subject_key, Message.id)
    return {
        "bulk": bulk,
        "count": count,
        "names": list(db.session.scalars(subjects.limit(NAMED))),
        "dependents": dependents_of_messages(db.session, meant(bulk)),
        "is_anew": is_anew,
        "back": list_url(url_for("messages.index"), bulk.list_query),
        "is_from_list": is_shown(url_for("messages.index")),
    }
