"""Sending a completed mailing again to those who did not get it: a person's word, with a window of its own."""

from typing import Any

from flask import current_app, request
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from mailer.delivery.bell import ring_lanes
from mailer.domain.audit import record
from mailer.domain.books import books_of
from mailer.domain.clock import database_now
from mailer.domain.confirmation import require_confirmed
from mailer.domain.errors import AddressNotConfirmed, NotCompleted, NothingToResend, WindowOver
from mailer.domain.progress import RESENDABLE
from mailer.domain.progress import resend as send_again
from mailer.domain.suppressions import suppressed_since
from mailer.extensions import db
from mailer.mailings.actions import changed, not_confirmed_words, unchanged
from mailer.mailings.forms import USUAL_WINDOW, ResendForm
from mailer.mailings.own import own_mailing
from mailer.models.audit import Action
from mailer.models.mailings import Mailing, RecipientState
from mailer.web.actor import actor
from mailer.web.formats import number
from mailer.web.htmx import invalid, page_or_fragment
from mailer.web.ids import ids_among
from mailer.web.link_words import links_refusal

# Within what a statement of any database can name.
MOST_NAMED = 10_000


def ask_resend(mailing_id: int) -> Response:
    mailing = own_mailing(mailing_id)
    form = proposal()
    form.states.data = [RecipientState.FAILED.value]
    return page_or_fragment("mailings/resend.html", "mailings/_resend.html", **question(mailing, form))


def resend(mailing_id: int) -> Response:
    mailing, form, now = own_mailing(mailing_id), proposal(), database_now(db.session)
    recipient_ids = ids_among(request.form.getlist("recipient_ids"))
    if "states" not in request.form:
        # Whoever names recipients means them, whatever became of them; otherwise only a refusal is certain.
        states = RESENDABLE if recipient_ids else (RecipientState.FAILED,)
        form.states.data = [state.value for state in states]
    if len(recipient_ids) > MOST_NAMED:
        form.states.errors = [_("At most %(most)s recipients can be named at once.", most=number(MOST_NAMED))]
        return refused(mailing_id, form)
    if not form.validate() or form.start_time.data is None or form.end_time.data is None:
        return refused(mailing_id, form)
    if words := links_refusal():
        return unchanged(mailing, words)
    window, named = (form.start_time.data, form.end_time.data), recipient_ids or None
    try:
        require_confirmed(db.session, mailing, current_app.config["REQUIRE_CONFIRMED_EMAIL"])
        count = send_again(db.session, mailing, form.chosen_states, *window, now, recipient_ids=named)
    except AddressNotConfirmed:
        return unchanged(mailing, not_confirmed_words())
    except NotCompleted:
        return unchanged(mailing, _("This mailing is not completed yet, so it cannot be sent again."))
    except WindowOver:
        form.end_time.errors = [_("This end has passed. Choose a later one.")]
        return refused(mailing_id, form)
    except NothingToResend:
        form.states.errors = [_("Nobody is left to write to. Choose at least one group that has recipients.")]
        return refused(mailing_id, form)
    words = ngettext(
        "Sending again to %(count)s recipient.", "Sending again to %(count)s recipients.", count, count=number(count)
    )
    note = f"round {mailing.round}: {count} ({', '.join(form.chosen_states)})"
    record(db.session, Action.RESEND, actor(), now, mailing, note)
    db.session.commit()
    return changed(mailing_id, ring_lanes(mailing_id), words)


def proposal() -> ResendForm:
    """The form with the window that is usual for a second try, wherever none was sent."""
    now = database_now(db.session).replace(second=0, microsecond=0)
    return ResendForm(data={"start_time": now, "end_time": now + USUAL_WINDOW})


def question(mailing: Mailing, form: ResendForm) -> dict[str, Any]:
    """What the question shows: who can be written to again, and how many they are."""
    books = books_of(db.session, mailing)
    left_out = suppressed_since(db.session, mailing)
    groups = [
        (state.value, getattr(books, state.value) - left_out.get(state, 0), left_out.get(state, 0))
        for state in RESENDABLE
    ]
    recipient_ids = ids_among(request.values.getlist("recipient_ids"))
    return {"mailing": mailing, "form": form, "groups": groups, "recipient_ids": recipient_ids}


def refused(mailing_id: int, form: ResendForm) -> Response:
    db.session.rollback()
    return invalid("mailings/resend.html", "mailings/_resend.html", **question(own_mailing(mailing_id), form))
