"""Making and changing mailings: in a row of the list, or on a page with everything there is to choose."""

from datetime import UTC, datetime
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from mailer.delivery.bell import book_start, ring_start
from mailer.domain.booking import book_mailing, change_mailing, selected_client_ids
from mailer.domain.clock import database_now
from mailer.domain.errors import AlreadyStarted, EmptyAudience, WindowOver
from mailer.extensions import db
from mailer.mailings.chooser import PREVIEW
from mailer.mailings.form_context import form_context, nobody_words, own_message
from mailer.mailings.forms import MailingForm, an_id
from mailer.mailings.lists import row_context, shown_list
from mailer.mailings.own import own_mailing
from mailer.mailings.selection import Selection
from mailer.models.mailings import Mailing, MailingStatus
from mailer.models.messages import Message
from mailer.web.formats import day_and_time
from mailer.web.htmx import done, invalid, moved, page_or_fragment


def new() -> Response:
    form, selection = MailingForm(), Selection.sent(request.form)
    location = url_for("mailings.new")
    if not form.is_submitted():
        form.propose(an_id(request.args.get("message_id")), database_now(db.session))
        return page_or_fragment("mailings/new.html", "mailings/_new.html", **form_context(form, selection, location))
    if request.form.get("act"):
        return next_step("mailings/new.html", form_context(form, selection, location))
    mailing = save(form, selection)
    if mailing is None:
        return invalid("mailings/new.html", "mailings/_new.html", **form_context(form, selection, location))
    show = url_for("mailings.show", mailing_id=mailing.id)
    return done(booked(mailing), "mailings/_list.html", location=show, **shown_list())


def edit(mailing_id: int) -> Response:
    mailing = own_mailing(mailing_id)
    location = url_for("mailings.edit", mailing_id=mailing_id)
    if mailing.status is not MailingStatus.CREATED:
        return started_already(mailing_id)
    form, selection = MailingForm(), Selection.sent(request.form)
    if not form.is_submitted():
        form.fill_from(mailing)
        selection = Selection(frozenset(selected_client_ids(db.session, mailing)))
        context = form_context(form, selection, location)
        return page_or_fragment("mailings/edit.html", "mailings/_row_form.html", mailing=mailing, **context)
    if request.form.get("act"):
        return next_step("mailings/edit.html", {"mailing": mailing, **form_context(form, selection, location)})
    try:
        saved = save(form, selection, mailing)
    except AlreadyStarted:
        return started_already(mailing_id)
    if saved is None:
        context = form_context(form, selection, location)
        return invalid("mailings/edit.html", "mailings/_row_form.html", mailing=own_mailing(mailing_id), **context)
    show = url_for("mailings.show", mailing_id=mailing_id)
    return done(booked(saved), "mailings/_row.html", location=show, **row_context(saved))


def next_step(page: str, context: dict[str, Any]) -> Response:
    """The form as it is, after a step of the chooser or for the summary; nothing is saved."""
    is_preview = request.form["act"] == PREVIEW
    return page_or_fragment(page, "mailings/_summary.html" if is_preview else "mailings/_chooser.html", **context)


def save(form: MailingForm, selection: Selection, mailing: Mailing | None = None) -> Mailing | None:
    """The mailing as the form has it, saved and booked; None when an error stands at a field.

    Raises AlreadyStarted.
    """
    if not form.validate():
        return None
    message = own_message(form.message_id.data)
    if message is None:
        form.message_id.errors = [_("Choose one of your messages.")]
        return None
    try:
        saved = write(form, selection, message, mailing)
    except WindowOver:
        form.end_time.errors = [_("This end has passed. Choose a later one.")]
    except EmptyAudience:
        form.audience.errors = [nobody_words(form.chosen_audience)]
    else:
        db.session.commit()
        return own_mailing(saved.id)
    db.session.rollback()
    return None


def write(form: MailingForm, selection: Selection, message: Message, mailing: Mailing | None) -> Mailing:
    assert form.start_time.data is not None and form.end_time.data is not None
    audience, window, now = form.chosen_audience, (form.start_time.data, form.end_time.data), database_now(db.session)
    if mailing is None:
        return book_mailing(db.session, current_user.id, message, audience, list(selection.ids), *window, now)
    change_mailing(db.session, mailing, message, audience, list(selection.ids), *window, now)
    return mailing


def booked(mailing: Mailing) -> str:
    """Book a saved mailing, or start it where its time has come, and say so."""
    if mailing.start_time <= datetime.now(UTC):
        is_heard, words = ring_start(mailing.id), _("Saved. It starts now.")
    else:
        is_heard = book_start(mailing.id, mailing.start_time)
        words = _("Saved. It starts by itself: %(time)s.", time=day_and_time(mailing.start_time))
    return str(words if is_heard else _("Saved. Redis does not answer, so sending waits until it is back."))


def started_already(mailing_id: int) -> Response:
    words = _("This mailing has started, so it cannot be edited. You can pause it, or finish it.")
    return moved(words, location=url_for("mailings.show", mailing_id=mailing_id))
