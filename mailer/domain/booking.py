"""The rules of mailings before they start: made, changed, counted, and thrown away."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, delete, func, insert, literal, or_, select
from sqlalchemy.orm import defer, joinedload

from mailer.domain.clients import clients_of, contains
from mailer.domain.errors import AlreadyStarted, EmptyAudience, StillSending, WindowOver
from mailer.models.clients import Client
from mailer.models.mailings import (
    Audience,
    Mailing,
    MailingStatus,
    Recipient,
    RecipientState,
    SelectedClient,
)
from mailer.models.messages import Message
from mailer.models.transactions import AnySession

# One INSERT of chosen clients carries at most this many, within every database's limit on parameters.
SELECTION_BATCH = 10_000


def mailings_of(owner_id: int, search: str = "") -> Select[Mailing]:
    """This owner's mailings with their names, those whose subject contains `search` in any case.

    The bodies, up to megabytes each, are read only where somebody asks for them.
    """
    mailings = (
        select(Mailing)
        .where(Mailing.owner_id == owner_id)
        .options(defer(Mailing.body), joinedload(Mailing.message).load_only(Message.subject))
    )
    if search.strip():
        mailings = mailings.where(contains(Mailing.search_key, search))
    return mailings


def body_excerpt(characters: int) -> ColumnElement[str]:
    """The beginning of a mailing's text, for a select of mailings; before the start it is the message's."""
    body = select(Message.body).where(Message.id == Mailing.message_id).correlate(Mailing).scalar_subquery()
    return func.substr(func.coalesce(Mailing.body, body), 1, characters)


def book_mailing(
    session: AnySession,
    owner_id: int,
    message: Message,
    audience: Audience,
    client_ids: Sequence[int],
    start_time: datetime,
    end_time: datetime,
    now: datetime,
) -> Mailing:
    """Make a mailing that starts by itself at its start_time.

    client_ids matter for the audience `selected`; those of other owners are passed over.
    Raises WindowOver when the end has passed, EmptyAudience when nobody would be written to.
    """
    mailing = Mailing(owner_id=owner_id, status=MailingStatus.CREATED, created_at=now)
    _write(mailing, message, audience, start_time, end_time, now)
    session.add(mailing)
    session.flush()
    _select_clients(session, mailing, client_ids)
    return mailing


def change_mailing(
    session: AnySession,
    mailing: Mailing,
    message: Message,
    audience: Audience,
    client_ids: Sequence[int],
    start_time: datetime,
    end_time: datetime,
    now: datetime,
) -> None:
    """Change a mailing that has not started; the same rules as for a new one, and AlreadyStarted."""
    # The row is locked, so that a start and a change do not pass each other.
    session.refresh(mailing, with_for_update={"of": Mailing})
    if mailing.status is not MailingStatus.CREATED:
        raise AlreadyStarted
    _write(mailing, message, audience, start_time, end_time, now)
    mailing.rung_at = None
    session.flush()
    session.execute(delete(SelectedClient).where(SelectedClient.mailing_id == mailing.id))
    _select_clients(session, mailing, client_ids)


def audience_of(mailing: Mailing) -> Select[Client]:
    """The clients whom the mailing would be sent to if it started now, suppressed ones included."""
    clients = clients_of(mailing.owner_id)
    if mailing.audience is Audience.SELECTED:
        chosen = select(SelectedClient.client_id).where(SelectedClient.mailing_id == mailing.id)
        clients = clients.where(Client.id.in_(chosen))
    return clients


def selected_client_ids(session: AnySession, mailing: Mailing) -> list[int]:
    """The clients chosen by hand for this mailing."""
    return list(session.scalars(select(SelectedClient.client_id).where(SelectedClient.mailing_id == mailing.id)))


def count_audience(session: AnySession, mailing: Mailing) -> int:
    """How many clients the mailing would be sent to if it started now."""
    return session.scalar(select(func.count()).select_from(audience_of(mailing).subquery())) or 0


def delete_mailing(session: AnySession, mailing: Mailing) -> None:
    """Throw a mailing away with its recipients and attempts.

    Raises StillSending while one of its letters is being handed over: its answer would have no place to go.
    """
    session.refresh(mailing, with_for_update={"of": Mailing})
    in_flight = select(Recipient.id).where(
        Recipient.mailing_id == mailing.id,
        or_(Recipient.state == RecipientState.CLAIMED, Recipient.state == RecipientState.BEGUN),
    )
    if session.scalar(in_flight.limit(1)) is not None:
        raise StillSending
    session.execute(delete(Mailing).where(Mailing.id == mailing.id))
    session.expunge(mailing)


def _write(
    mailing: Mailing, message: Message, audience: Audience, start_time: datetime, end_time: datetime, now: datetime
) -> None:
    if end_time <= now:
        raise WindowOver(end_time)
    mailing.message_id = message.id
    mailing.search_key = message.subject.casefold()
    mailing.audience = audience
    mailing.start_time = start_time
    mailing.end_time = end_time


def _select_clients(session: AnySession, mailing: Mailing, client_ids: Sequence[int]) -> None:
    if mailing.audience is Audience.SELECTED:
        chosen = sorted(set(client_ids))
        for first in range(0, len(chosen), SELECTION_BATCH):
            batch = chosen[first : first + SELECTION_BATCH]
            own = clients_of(mailing.owner_id).where(Client.id.in_(batch))
            rows = own.with_only_columns(literal(mailing.id), Client.id)
            session.execute(insert(SelectedClient).from_select(["mailing_id", "client_id"], rows))
    if count_audience(session, mailing) == 0:
        raise EmptyAudience
