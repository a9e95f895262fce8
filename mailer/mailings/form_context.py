"""What stands around the form of a mailing: the messages to choose from, the chooser, and the summary."""

from dataclasses import dataclass
from typing import Any

from flask import current_app, request
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import func, or_, select

from mailer.domain.messages import messages_of
from mailer.domain.reach import reach_of
from mailer.extensions import db
from mailer.mailings.chooser import PREVIEW, chooser, stepped
from mailer.mailings.forms import MailingForm
from mailer.mailings.selection import Selection
from mailer.models.mailings import Audience
from mailer.models.messages import Message
from mailer.web.htmx import wants_fragment
from mailer.web.limit_words import limit_words

# One looks for a message among the latest; a mailing of an older one is made from its own page.
MESSAGES_OFFERED = 200
EXCERPT_CHARACTERS = 160


@dataclass(frozen=True)
class MessageChoice:
    """A message as the form shows it."""

    id: int
    subject: str
    # One character more than is shown, where there are more.
    excerpt: str


def form_context(form: MailingForm, selection: Selection, location: str) -> dict[str, Any]:
    """What the templates of the form show, and no more than the piece that is asked for; it posts to `location`."""
    context: dict[str, Any] = {"form": form, "location": location}
    act, found = request.form.get("act") if wants_fragment() else None, None
    if act != PREVIEW:
        selection, found = stepped(selection)
    if act and act != PREVIEW:
        return context | {"chooser": chooser(selection, location, found)}
    audience, is_page = form.chosen_audience, act is None
    reach = reach_of(db.session, current_user.id, audience, selection.ids, with_on_file=is_page)
    if is_page:
        context["chooser"] = chooser(selection, location, found, reach.on_file)
    messages, window = message_choices(form.message_id.data), form.window
    return context | {
        "limits": limit_words(reach.letters, window) if window else None,
        "messages": messages,
        "excerpt_characters": EXCERPT_CHARACTERS,
        "message": next((message for message in messages if message.id == form.message_id.data), None),
        "reach": reach,
        "sender": current_app.config["MAIL_DEFAULT_SENDER"],
    }


def message_choices(chosen_id: int | None) -> list[MessageChoice]:
    """The latest of the user's messages, and the one that is chosen."""
    latest = messages_of(current_user.id).order_by(Message.id.desc()).limit(MESSAGES_OFFERED)
    latest_ids = select(latest.with_only_columns(Message.id).subquery().c.id)
    rows = db.session.execute(
        messages_of(current_user.id)
        .with_only_columns(Message.id, Message.subject, func.substr(Message.body, 1, EXCERPT_CHARACTERS + 1))
        .where(or_(Message.id.in_(latest_ids), Message.id == chosen_id))
        .order_by(Message.id.desc())
    )
    return [MessageChoice(*row) for row in rows]


def own_message(message_id: int | None) -> Message | None:
    """The user's message, locked against deletion until the mailing that needs it is saved."""
    return db.session.scalar(
        messages_of(current_user.id).where(Message.id == message_id).with_for_update(read=True, key_share=True)
    )


def nobody_words(audience: Audience) -> str:
    """Why a mailing would reach nobody."""
    if audience is Audience.SELECTED:
        return str(_("At least one recipient is needed. Choose among your clients."))
    return str(_("At least one recipient is needed, and no client is on file yet. Add a client first."))
