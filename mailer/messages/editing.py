"""Writing messages and changing them: in a row of the list, or on a page of its own."""

from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from mailer.domain.clock import database_now
from mailer.domain.errors import ChangedMeanwhile
from mailer.domain.messages import add_message, change_message, mailings_of_message, messages_of
from mailer.extensions import db
from mailer.messages.forms import MessageForm
from mailer.messages.lists import shown_list
from mailer.messages.own import own_message
from mailer.messages.preview import letter_of
from mailer.models.mailings import MailingStatus
from mailer.models.messages import Message
from mailer.web.htmx import done, invalid, outdated, page_or_fragment
from mailer.web.once import made_once

PAGE, ROW_FORM = "messages/edit.html", "messages/_row_form.html"


def new() -> Response:
    form = MessageForm()
    if form.validate_on_submit():
        if is_preview():
            return previewed("messages/new.html", form)
        message = added(form)
        db.session.commit()
        return done(
            _("Added: %(subject)s.", subject=message.subject),
            "messages/_list.html",
            location=url_for("messages.show", message_id=message.id),
            added=message,
            **shown_list(),
        )
    if form.is_submitted():
        return invalid("messages/new.html", "messages/_new.html", form=form)
    return page_or_fragment("messages/new.html", "messages/_new.html", form=form)


def added(form: MessageForm) -> Message:
    """The message that the form keeps, or has kept when it came before."""
    owner_id, now = current_user.id, database_now(db.session)

    def add() -> Message:
        return add_message(db.session, owner_id, form.subject.data, form.body.data, now)

    return made_once(add, messages_of(owner_id), Message.id, now)


def edit(message_id: int) -> Response:
    message = own_message(message_id, is_locked=request.method == "POST")
    form = MessageForm(obj=message)
    context = {"form": form, "message": message}
    if form.validate_on_submit():
        if is_preview():
            return previewed(PAGE, form, message=message, dependents=dependents_of(message))
        now, seen_at = database_now(db.session), form.updated_at.data
        try:
            change_message(db.session, message, form.subject.data, form.body.data, now, seen_at=seen_at)
        except ChangedMeanwhile:
            form.updated_at.data = message.updated_at
            context |= {"differences": differences(form, message), "dependents": dependents_of(message)}
            return outdated(PAGE, ROW_FORM, **context)
        db.session.commit()
        return done(
            _("Saved: %(subject)s.", subject=message.subject),
            "messages/_row.html",
            location=url_for("messages.show", message_id=message.id),
            message=message,
            is_focused=True,
        )
    context["dependents"] = dependents_of(message)
    if form.is_submitted():
        return invalid(PAGE, ROW_FORM, **context)
    return page_or_fragment(PAGE, ROW_FORM, **context)


def is_preview() -> bool:
    """Whether the form was sent to be looked at, and not to be saved."""
    return request.form.get("act") == "preview"


def previewed(page: str, form: MessageForm, **context: Any) -> Response:
    """The letter as the form has it, in the dialog or above the form."""
    letter = letter_of(form.subject.data, form.body.data)
    return page_or_fragment(page, "messages/_preview.html", form=form, letter=letter, **context)


def dependents_of(message: Message) -> dict[MailingStatus, int]:
    return mailings_of_message(db.session, message)


def differences(form: MessageForm, message: Message) -> list[tuple[str, str]]:
    """Where what was saved is not what stands in the form."""
    fields = ((form.subject, message.subject), (form.body, message.body))
    return [(field.label.text, saved) for field, saved in fields if field.data != saved]
