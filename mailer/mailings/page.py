"""The page of one mailing. Its live region is made here, for the page and for every poll alike."""

from datetime import UTC, datetime
from typing import Any

from flask import abort, url_for
from flask_login import current_user
from sqlalchemy import select
from werkzeug.wrappers import Response

from mailer.delivery.bell import redis_answers
from mailer.domain.attempts import AttemptFilter, attempts_of
from mailer.domain.booking import audience_of, body_excerpt
from mailer.domain.books import Books, books_of
from mailer.domain.holds import holds_on_mailing
from mailer.domain.moderation import visible_mailings
from mailer.domain.pace import pace_of, retries_of
from mailer.domain.progress import rounds_of
from mailer.domain.recipients import are_recipients_of, first_failures, with_last_attempt
from mailer.domain.unsubscribing import with_unsubscribed
from mailer.extensions import db
from mailer.mailings.lists import row_context
from mailer.mailings.own import visible_mailing
from mailer.mailings.progress_words import Progress, detail, facts, headline, lead, title
from mailer.models.clients import Client
from mailer.models.mailings import Attempt, Mailing, MailingStatus, Recipient, RecipientState
from mailer.web.books_bar import counts_in_order
from mailer.web.confirmation import is_confirmation_missing
from mailer.web.frame import account_holds, belongs_to
from mailer.web.htmx import is_shown, page_or_fragment, shown_query
from mailer.web.limit_words import used_words
from mailer.web.pagination import Page, Sorting, list_url, paginate

EXCERPT_CHARACTERS = 3000
ATTEMPTS_SHOWN = 10
# Fewer than in a list of their own: what stands below them should not be far away.
RECIPIENTS_SHOWN = 25

# How often the page asks again: while something happens, and while it waits for a start that is far.
SECONDS_WHILE_SENDING = 2
SECONDS_WHILE_WAITING = 20
NEAR_START = 120

# In the order of sending: nobody moves to another page while the mailing runs.
IN_ORDER = Sorting(Recipient.id, Recipient.id)
BY_NAME = Sorting(Client.name_key, Client.id)

# The states that need a person's look.
LOUD = (RecipientState.FAILED, RecipientState.UNKNOWN)

# What the books count, and the states of recipients behind each count.
STATES_OF = {
    "accepted": (RecipientState.ACCEPTED,),
    "failed": (RecipientState.FAILED,),
    "unknown": (RecipientState.UNKNOWN,),
    "suppressed": (RecipientState.SUPPRESSED,),
    "expired": (RecipientState.EXPIRED,),
    "sending": (RecipientState.CLAIMED, RecipientState.BEGUN),
    "pending": (RecipientState.PENDING,),
}


def show(mailing_id: int) -> Response:
    found = with_unsubscribed(visible_mailings(current_user).where(Mailing.id == mailing_id))
    row = db.session.execute(found.add_columns(body_excerpt(EXCERPT_CHARACTERS))).one_or_none()
    if row is None:
        abort(404)
    mailing, excerpt = row
    if mailing.owner_id != current_user.id:
        belongs_to("mailings.everybodys")
    elif is_shown(url_for("mailings.index")):
        return page_or_fragment("mailings/show.html", "mailings/_row.html", **row_context(mailing))
    return page_or_fragment(
        "mailings/show.html",
        "mailings/_live.html",
        excerpt=excerpt,
        is_excerpt_cut=len(excerpt or "") == EXCERPT_CHARACTERS,
        **live_context(mailing),
    )


def message(mailing_id: int) -> Response:
    """The whole text that goes out, however long."""
    mailing = visible_mailing(mailing_id)
    body = mailing.body if mailing.body is not None else mailing.message.body if mailing.message else ""
    return Response(body, mimetype="text/plain")


def live_context(mailing: Mailing) -> dict[str, Any]:
    """What the live region shows: how far the mailing is, what stops it, and what became of whom."""
    now, query = datetime.now(UTC), shown_query()
    location = url_for("mailings.show", mailing_id=mailing.id)
    books = books_of(db.session, mailing)
    holds = holds_on_mailing(db.session, mailing.id, now)
    is_started = mailing.status is MailingStatus.STARTED
    progress = Progress(
        mailing=mailing,
        books=books,
        is_held=bool(holds or account_holds()),
        now=now,
        pace=pace_of(db.session, mailing, now) if is_started else None,
        retries=retries_of(db.session, mailing, now) if is_started and books.pending else None,
        used="" if mailing.status is MailingStatus.COMPLETED else used_words(now),
    )
    return {
        "mailing": mailing,
        "books": books,
        "is_own": mailing.owner_id == current_user.id,
        "holds": holds,
        "is_unconfirmed": mailing.status is MailingStatus.CREATED and is_confirmation_missing(mailing.owner_id),
        "account_holds": account_holds() if mailing.status is not MailingStatus.COMPLETED else [],
        "title": title(progress),
        "lead": lead(mailing, now),
        "headline": headline(progress),
        "detail": detail(progress),
        "facts": facts(progress),
        "poll_url": list_url(location, query, **{name: query[name] for name in ("after", "before") if name in query}),
        "poll_seconds": poll_seconds(mailing, now),
        "is_redis_away": mailing.status is not MailingStatus.COMPLETED and not redis_answers(),
        "failures": first_failures(db.session, mailing, [state for state in LOUD if getattr(books, state)]),
        **people(mailing, books, location),
        "rounds": rounds_of(db.session, mailing),
        "attempts": latest_attempts(mailing) if mailing.status is not MailingStatus.CREATED else [],
    }


def poll_seconds(mailing: Mailing, now: datetime) -> int | None:
    """How soon the live region asks again; None once its state is final."""
    if mailing.status is MailingStatus.COMPLETED:
        return None
    is_far = mailing.status is MailingStatus.CREATED and (mailing.start_time - now).total_seconds() > NEAR_START
    return SECONDS_WHILE_WAITING if is_far else SECONDS_WHILE_SENDING


def people(mailing: Mailing, books: Books, location: str) -> dict[str, Any]:
    """A page of the recipients; of a mailing that has not started, of the clients it would be sent to now."""
    if mailing.status is MailingStatus.CREATED:
        clients = audience_of(mailing)
        return {"clients": paginate(clients, BY_NAME, location=location, size=RECIPIENTS_SHOWN, total=books.total)}
    query = shown_query()
    state = query.get("state", "") if query.get("state", "") in STATES_OF else ""
    counts = dict(counts_in_order(books))
    recipients = select(Recipient).where(*are_recipients_of(mailing.id))
    if state:
        recipients = recipients.where(Recipient.state.in_(STATES_OF[state]))
    total = counts[state] if state else books.total
    page: Page[tuple[Recipient, Attempt]] = paginate(
        with_last_attempt(recipients), IN_ORDER, location=location, size=RECIPIENTS_SHOWN, total=total
    )
    return {
        "recipients": page,
        "state": state,
        "state_urls": {name: list_url(location, {"state": name}) for name in ("", *STATES_OF)},
    }


def latest_attempts(mailing: Mailing) -> list[tuple[Attempt, Recipient]]:
    latest = attempts_of(mailing.owner_id, AttemptFilter(mailing_id=mailing.id)).order_by(Attempt.id.desc())
    return [(attempt, recipient) for attempt, recipient, _ in db.session.execute(latest.limit(ATTEMPTS_SHOWN))]
