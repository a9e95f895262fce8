"""Making and changing mailings: in a row of the list, or on a page with everything there is to choose."""

from datetime import UTC, datetime
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from werkzeug.wrappers import Response

from mailer.delivery.bell import book_start, ring_start
from mailer.domain.booking import book_mailing, change_mailing, count_audience, mailings_of
from mailer.domain.clients import clients_of
from mailer.domain.clock import database_now
from mailer.domain.errors import AlreadyStarted, ChangedMeanwhile, EmptyAudience, WindowOver
from mailer.extensions import db
from mailer.mailings.chooser import PREVIEW
from mailer.mailings.form_context import form_context, nobody_words, own_message
from mailer.mailings.forms import MailingForm, an_id
from mailer.mailings.lists import row_context, shown_list
from mailer.mailings.own import own_mailing, own_mailing_with_choice
from mailer.mailings.selection import MOST_CHOSEN, Selection
from mailer.models.clients import Client
from mailer.models.mailings import Audience, Mailing, MailingStatus
from mailer.models.messages import Message
from mailer.web.bulk import asked_bulk
from mailer.web.formats import day_and_time, number
from mailer.web.htmx import done, invalid, moved, outdated, page_or_fragment
from mailer.web.once import made_once


def new() -> Response:
    form, selection = sent_form()
    location = url_for("mailings.new")
    if not form.is_submitted():
        selection = proposal(form)
        return page_or_fragment("mailings/new.html", "mailings/_new.html", **form_context(form, selection, location))
    if request.form.get("act"):
        return next_step("mailings/new.html", form_context(form, selection, location))
    mailing = save(form, selection)
    if mailing is None:
        return invalid("mailings/new.html", "mailings/_new.html", **form_context(form, selection, location))
    show = url_for("mailings.show", mailing_id=mailing.id)
    return done(booked(mailing), "mailings/_list.html", location=show, **shown_list())


def sent_form() -> tuple[MailingForm, Selection]:
    """The form as it was sent, if it was."""
    form = MailingForm()
    if form.is_submitted() and form.is_start_now.data:
        form.start_now(database_now(db.session))
    return form, Selection.sent(request.form)


def proposal(form: MailingForm) -> Selection:
    """A new mailing as it is shown first: like another one, to those who were ticked, or as it usually is."""
    if "copy" in request.args:
        original, chosen, now = own_mailing_with_choice(an_id(request.args["copy"]) or 0)
        form.copy_from(original, now)
        return Selection(chosen)
    form.propose(an_id(request.args.get("message_id")), database_now(db.session))
    if not request.args.keys() & {"client_ids", "all"}:
        return Selection()
    form.audience.data = Audience.SELECTED.value
    return ticked_clients()


def ticked_clients() -> Selection:
    """Those who were ticked in the list of clients, where this mailing begins."""
    bulk, own = asked_bulk("client_ids"), clients_of(current_user.id)
    chosen = bulk.among(own, clients_of(current_user.id, bulk.search), Client.id)
    return Selection(frozenset(db.session.scalars(chosen.with_only_columns(Client.id).limit(MOST_CHOSEN))))


def edit(mailing_id: int) -> Response:
    mailing, chosen, _now = own_mailing_with_choice(mailing_id)
    location = url_for("mailings.edit", mailing_id=mailing_id)
    if mailing.status is not MailingStatus.CREATED:
        return started_already(mailing_id)
    form, selection = sent_form()
    if not form.is_submitted():
        form.fill_from(mailing)
        context = form_context(form, Selection(chosen), location)
        return page_or_fragment("mailings/edit.html", "mailings/_row_form.html", mailing=mailing, **context)
    if request.form.get("act"):
        return next_step("mailings/edit.html", {"mailing": mailing, **form_context(form, selection, location)})
    try:
        saved = save(form, selection, mailing)
    except AlreadyStarted:
        return started_already(mailing_id)
    except ChangedMeanwhile:
        return changed_meanwhile(form, selection, location, own_mailing(mailing_id))
    if saved is None:
        context = form_context(form, selection, location)
        return invalid("mailings/edit.html", "mailings/_row_form.html", mailing=own_mailing(mailing_id), **context)
    show = url_for("mailings.show", mailing_id=mailing_id)
    return done(booked(saved), "mailings/_row.html", location=show, **row_context(saved))


def changed_meanwhile(form: MailingForm, selection: Selection, location: str, mailing: Mailing) -> Response:
    """The form again, with what was saved elsewhere since it was opened."""
    form.updated_at.data = mailing.updated_at
    context = form_context(form, selection, location)
    return outdated(
        "mailings/edit.html",
        "mailings/_row_form.html",
        mailing=mailing,
        differences=differences(form, mailing),
        **context,
    )


def differences(form: MailingForm, mailing: Mailing) -> list[tuple[str, str]]:
    """What stands in the form and what was saved differ in these."""
    count = count_audience(db.session, mailing)
    to_whom = ngettext("%(count)s client", "%(count)s clients", count, count=number(count))
    found = [(_("Recipients"), str(_("All clients") if mailing.audience is Audience.ALL else to_whom))]
    if form.message_id.data != mailing.message_id:
        found.insert(0, (_("Message"), mailing.name))
    for field, saved in ((form.start_time, mailing.start_time), (form.end_time, mailing.end_time)):
        if field.data != saved:
            found.append((field.label.text, day_and_time(saved)))
    return found


def next_step(page: str, context: dict[str, Any]) -> Response:
    """The form as it is, after a step of the chooser or for the summary; nothing is saved."""
    is_preview = request.form["act"] == PREVIEW
    return page_or_fragment(page, "mailings/_summary.html" if is_preview else "mailings/_chooser.html", **context)


def save(form: MailingForm, selection: Selection, mailing: Mailing | None = None) -> Mailing | None:
    """The mailing as the form has it, saved and booked; None when an error stands at a field.

    Raises AlreadyStarted and ChangedMeanwhile.
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
        return booked_once(message, audience, selection, window, now)
    seen_at = form.updated_at.data
    change_mailing(db.session, mailing, message, audience, list(selection.ids), *window, now, seen_at=seen_at)
    return mailing


def booked_once(
    message: Message, audience: Audience, selection: Selection, window: tuple[datetime, datetime], now: datetime
) -> Mailing:
    """The mailing that the form books, or has booked when it came before."""
    owner_id = current_user.id

    def book() -> Mailing:
        return book_mailing(db.session, owner_id, message, audience, list(selection.ids), *window, now)

    return made_once(book, mailings_of(owner_id), Mailing.id, now)


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
