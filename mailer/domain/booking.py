"""The rules of mailings before they start: made, changed and counted."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, String, cast, delete, func, insert, literal, select
from sqlalchemy.orm import defer, joinedload

from mailer.domain.accounts import require_unblocked
from mailer.domain.chosen_ids import is_among
from mailer.domain.clients import clients_of, contains
from mailer.domain.errors import AlreadyStarted, ChangedMeanwhile, EmptyAudience, WindowOver
from mailer.domain.suppressions import is_suppressed_client
from mailer.models.clients import Client
from mailer.models.mailings import Audience, Mailing, MailingStatus, SelectedClient
from mailer.models.messages import Message
from mailer.models.transactions import AnySession


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

    client_ids matter for the audience `selected`; those of other owners are passed over, and those who must not be
    written to.
    Raises WindowOver when the end has passed, EmptyAudience when nobody would be written to, OwnerBlocked.
    """
    require_unblocked(session, owner_id)
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
    *,
    seen_at: datetime | None = None,
) -> None:
    """Change a mailing that has not started; the same rules as for a new one, and AlreadyStarted.

    `seen_at` is the updated_at of what was changed; without it nothing is compared. Raises ChangedMeanwhile where
    something was saved after it.
    """
    # The row is locked, so that a start and a change do not pass each other.
    session.refresh(mailing, with_for_update={"of": Mailing})
    if mailing.status is not MailingStatus.CREATED:
        raise AlreadyStarted
    wanted = (message.id, audience, start_time, end_time)
    if seen_at not in (None, mailing.updated_at) and not _is_as(session, mailing, wanted, client_ids):
        raise ChangedMeanwhile
    _write(mailing, message, audience, start_time, end_time, now)
    mailing.rung_at = None
    session.flush()
    session.execute(delete(SelectedClient).where(SelectedClient.mailing_id == mailing.id))
    _select_clients(session, mailing, client_ids)


def _is_as(
    session: AnySession, mailing: Mailing, wanted: tuple[int, Audience, datetime, datetime], client_ids: Sequence[int]
) -> bool:
    """Whether the mailing is what somebody wants it to be already."""
    if (mailing.message_id, mailing.audience, mailing.start_time, mailing.end_time) != wanted:
        return False
    return mailing.audience is Audience.ALL or set(selected_client_ids(session, mailing)) == set(client_ids)


def audience_of(mailing: Mailing) -> Select[Client]:
    """The clients whom the mailing would be sent to if it started now, suppressed ones included."""
    clients = clients_of(mailing.owner_id)
    if mailing.audience is Audience.SELECTED:
        clients = clients.where(Client.id.in_(chosen_for(mailing)))
    return clients


def selected_client_ids(session: AnySession, mailing: Mailing) -> list[int]:
    """The clients chosen by hand for this mailing."""
    return list(session.scalars(chosen_for(mailing)))


def chosen_for(mailing: Mailing) -> Select[int]:
    """The ids of the clients chosen by hand for this mailing."""
    return select(SelectedClient.client_id).where(SelectedClient.mailing_id == mailing.id)


def chosen_ids() -> ColumnElement[str | None]:
    """The same as a column of a select of mailings: ids with spaces between them; none where nobody was chosen."""
    id_text = cast(SelectedClient.client_id, String)
    ids = select(func.aggregate_strings(id_text, " ")).where(SelectedClient.mailing_id == Mailing.id)
    return ids.correlate(Mailing).scalar_subquery()


def count_audience(session: AnySession, mailing: Mailing) -> int:
    """How many clients the mailing would be sent to if it started now."""
    return session.scalar(select(func.count()).select_from(audience_of(mailing).subquery())) or 0


def count_mailings(session: AnySession, mailings: Select[Mailing]) -> dict[MailingStatus, int]:
    """How many of these mailings there are of each status."""
    counts = mailings.with_only_columns(Mailing.status, func.count(Mailing.id))
    rows = session.execute(counts.group_by(Mailing.status)).all()
    return {status: count for status, count in rows}


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
    mailing.updated_at = now


def _select_clients(session: AnySession, mailing: Mailing, client_ids: Sequence[int]) -> None:
    if mailing.audience is Audience.SELECTED:
        own = clients_of(mailing.owner_id).where(is_among(session, Client.id, client_ids), ~is_suppressed_client())
        rows = own.with_only_columns(literal(mailing.id), Client.id)
        session.execute(insert(SelectedClient).from_select(["mailing_id", "client_id"], rows))
    if count_audience(session, mailing) == 0:
        raise EmptyAudience
