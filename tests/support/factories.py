"""Things for tests, made by the domain's own functions in the session of their owner. Nothing is committed."""

import functools
import itertools
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, object_session

from mailer.domain.addresses import address_key
from mailer.domain.booking import book_mailing
from mailer.domain.clients import add_client, client_name_key, client_search_key, clients_of
from mailer.domain.clock import database_now
from mailer.domain.messages import add_message
from mailer.domain.passwords import hash_password
from mailer.domain.progress import claim_start, complete_if_settled, request_start
from mailer.models.clients import Client, Suppression, SuppressionReason
from mailer.models.mailings import (
    Attempt,
    AttemptStatus,
    Audience,
    Mailing,
    Recipient,
    RecipientState,
    Verdict,
)
from mailer.models.messages import Message
from mailer.models.users import Installation, Role, User

PASSWORD = "correct horse battery staple"

_numbers = itertools.count(1)


@functools.cache
def password_hash() -> str:
    """Argon2 is slow on purpose, so all of the cast share one hash."""
    return hash_password(PASSWORD)


def session_of(thing: User | Mailing | Recipient) -> Session:
    session = object_session(thing)
    assert session is not None, f"{thing!r} belongs to no session any more"
    return session


def user_of(session: Session, email: str, full_name: str = "", role: Role = Role.USER) -> User:
    """An account with PASSWORD and a confirmed address, on an installation that has had its first admin."""
    now = database_now(session)
    user = User(
        email=email,
        email_key=address_key(email),
        password_hash=password_hash(),
        full_name=full_name,
        role=role,
        session_token=secrets.token_urlsafe(32),
        created_at=now,
        confirmed_at=now,
    )
    session.add(user)
    if session.get(Installation, 1) is None:
        session.add(Installation(id=1, created_at=now))
    session.flush()
    return user


def client_of(owner: User, email: str | None = None, full_name: str = "", comment: str = "") -> Client:
    session = session_of(owner)
    email = email or f"client{next(_numbers)}@example.org"
    return add_client(session, owner.id, email, full_name, comment, database_now(session))


def client_row(owner_id: int, email: str, full_name: str, comment: str, now: datetime) -> dict[str, Any]:
    """A client as a row, for those who put thousands on file at once."""
    return {
        "owner_id": owner_id,
        "email": email,
        "email_key": address_key(email),
        "full_name": full_name,
        "name_key": client_name_key(full_name),
        "comment": comment,
        "search_key": client_search_key(email, full_name, comment),
        "created_at": now,
        "updated_at": now,
    }


def clients_with(owner: User, *emails: str) -> list[Client]:
    """A client for each address, named after its part before the @; put on file in one statement, as they are many."""
    session = session_of(owner)
    now = database_now(session)
    rows = (client_row(owner.id, email, email.partition("@")[0].title(), "", now) for email in emails)
    clients = [Client(**row) for row in rows]
    session.add_all(clients)
    session.flush()
    return clients


def message_of(owner: User, subject: str = "The shop moves", body: str = "Hello,\nwe move on Monday.") -> Message:
    session = session_of(owner)
    return add_message(session, owner.id, subject, body, database_now(session))


def mailing_of(
    owner: User,
    *,
    message: Message | None = None,
    clients: Sequence[Client] | None = None,
    starts_in: timedelta = timedelta(hours=1),
    lasts: timedelta = timedelta(hours=2),
) -> Mailing:
    """A booked mailing to the given clients, else to all of the owner's; one client is made where there is none."""
    session = session_of(owner)
    now = database_now(session)
    if clients is None and session.scalar(clients_of(owner.id).limit(1)) is None:
        client_of(owner)
    return book_mailing(
        session,
        owner.id,
        message or message_of(owner),
        Audience.ALL if clients is None else Audience.SELECTED,
        [client.id for client in clients or ()],
        now + starts_in,
        now + starts_in + lasts,
        now,
    )


def started_mailing_of(
    owner: User,
    *,
    message: Message | None = None,
    clients: Sequence[Client] | None = None,
    lasts: timedelta = timedelta(hours=2),
) -> Mailing:
    """A mailing under way, all of whose recipients are pending."""
    mailing = mailing_of(owner, message=message, clients=clients, starts_in=timedelta(), lasts=lasts)
    session = session_of(owner)
    now = database_now(session)
    request_start(session, mailing, now)
    claim_start(session, mailing.id, now)
    session.refresh(mailing)
    return mailing


def completed_mailing_of(
    owner: User, *, accepted: int = 1, failed: int = 0, unknown: int = 0, message: Message | None = None
) -> Mailing:
    """A mailing that is over, with an attempt for each of its recipients."""
    clients = [client_of(owner) for _ in range(accepted + failed + unknown)]
    mailing = started_mailing_of(owner, message=message, clients=clients)
    ends = [RecipientState.ACCEPTED] * accepted + [RecipientState.FAILED] * failed + [RecipientState.UNKNOWN] * unknown
    for recipient, state in zip(recipients_of(mailing), ends, strict=True):
        settle(recipient, state)
    session = session_of(owner)
    complete_if_settled(session, mailing.id)
    session.refresh(mailing)
    return mailing


def recipients_of(mailing: Mailing, *states: RecipientState) -> list[Recipient]:
    """The mailing's recipients by id, those in the given states, or all."""
    recipients = select(Recipient).where(Recipient.mailing_id == mailing.id).order_by(Recipient.id)
    if states:
        recipients = recipients.where(Recipient.state.in_(states))
    return list(session_of(mailing).scalars(recipients))


ANSWERS: dict[RecipientState, tuple[AttemptStatus, Verdict, int | None, str]] = {
    RecipientState.ACCEPTED: (AttemptStatus.SUCCESS, Verdict.ACCEPTED, 250, "2.0.0 Ok: queued as 1A2B3C"),
    RecipientState.FAILED: (AttemptStatus.FAILED, Verdict.RECIPIENT, 550, "5.1.1 User unknown"),
    RecipientState.UNKNOWN: (AttemptStatus.UNKNOWN, Verdict.UNKNOWN, None, "the server closed the connection"),
}


def settle(recipient: Recipient, state: RecipientState) -> Attempt:
    """Bring a recipient to its end as a lane would have, with the attempt that led there."""
    status, verdict, code, reply = ANSWERS[state]
    recipient.state = state
    recipient.tries += 1
    return attempt_on(recipient, status, verdict, code, reply)


def attempt_on(
    recipient: Recipient,
    status: AttemptStatus = AttemptStatus.SUCCESS,
    verdict: Verdict = Verdict.ACCEPTED,
    code: int | None = 250,
    reply: str = "2.0.0 Ok: queued as 1A2B3C",
    attempted_at: datetime | None = None,
) -> Attempt:
    """One line of the log."""
    session = session_of(recipient)
    attempt = Attempt(
        mailing_id=recipient.mailing_id,
        recipient_id=recipient.id,
        round=recipient.round,
        attempted_at=attempted_at or database_now(session),
        status=status,
        verdict=verdict,
        code=code,
        reply=reply,
        letter_id=f"{recipient.mailing_id}.{recipient.id}@mailer.example",
    )
    session.add(attempt)
    session.flush()
    return attempt


def suppress(owner: User, *emails: str, reason: SuppressionReason = SuppressionReason.UNSUBSCRIBED) -> None:
    """Addresses that this owner must not write to."""
    session = session_of(owner)
    for email in emails:
        session.add(
            Suppression(
                owner_id=owner.id,
                email=email,
                email_key=address_key(email),
                reason=reason,
                created_at=database_now(session),
            )
        )
    session.flush()


def states_of(mailing: Mailing) -> dict[str, str]:
    """The state of each recipient by address, read anew."""
    rows = select(Recipient.email, Recipient.state).where(Recipient.mailing_id == mailing.id)
    return {email: state.value for email, state in session_of(mailing).execute(rows)}


def emails_of(things: Collection[Client] | Collection[Recipient]) -> list[str]:
    return [thing.email for thing in things]
