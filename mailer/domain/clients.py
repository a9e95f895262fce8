"""The rules of clients: whose they are, how they are found, and what a deletion means."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, delete, func, select, update
from sqlalchemy.exc import IntegrityError

from mailer.domain.addresses import address_key
from mailer.domain.erased import require_not_erased
from mailer.domain.errors import ChangedMeanwhile, EmailTaken
from mailer.domain.recipients import with_last_attempt
from mailer.models.clients import Client
from mailer.models.mailings import Attempt, Mailing, MailingStatus, Recipient, RecipientState, SelectedClient
from mailer.models.portable import place_of
from mailer.models.statements import changed_rows
from mailer.models.transactions import AnySession

MAX_NAME_LENGTH = 200
MAX_COMMENT_LENGTH = 2000


def clients_of(owner_id: int, search: str = "") -> Select[Client]:
    """This owner's clients, those whose name, address or comment contains `search` in any case."""
    clients = select(Client).where(Client.owner_id == owner_id)
    if search.strip():
        clients = clients.where(contains(Client.search_key, search))
    return clients


def contains(search_key: SQLColumnExpression[str], search: str) -> ColumnElement[bool]:
    """Whether the casefolded column contains the search, in which nothing is a wildcard."""
    return place_of(search_key, search.strip().casefold()) > 0


def count_of(session: AnySession, clients: Select[Client]) -> int:
    """How many clients these are."""
    # Not of their ids: for those PostgreSQL would read the table, and not an index alone.
    return session.scalar(clients.with_only_columns(func.count(), maintain_column_froms=True)) or 0


def add_client(
    session: AnySession, owner_id: int, email: str, full_name: str, comment: str, now: datetime
) -> Client:
    """Put a client on file. Raises EmailTaken when this owner has the address already, in any spelling.

    Raises AddressErased for one that was erased.
    """
    require_not_erased(session, owner_id, email)
    client = Client(owner_id=owner_id, created_at=now)
    with _unique_email(session, email):
        _write(client, email, full_name, comment, now)
        session.add(client)
    return client


def change_client(
    session: AnySession,
    client: Client,
    email: str,
    full_name: str,
    comment: str,
    now: datetime,
    *,
    seen_at: datetime | None = None,
) -> None:
    """Change a client on file; running mailings keep the address that they copied.

    `seen_at` is the updated_at of what was changed; without it nothing is compared. Raises EmailTaken, AddressErased,
    and ChangedMeanwhile where something else was saved after `seen_at`.
    """
    is_same = (client.email, client.full_name, client.comment) == (email, full_name, comment)
    if seen_at not in (None, client.updated_at) and not is_same:
        raise ChangedMeanwhile
    require_not_erased(session, client.owner_id, email)
    with _unique_email(session, email):
        _write(client, email, full_name, comment, now)


def client_with_email(session: AnySession, owner_id: int, email: str) -> Client | None:
    """The client who has this address, in any spelling."""
    return session.scalar(clients_of(owner_id).where(Client.email_key == address_key(email)))


def last_letters(session: AnySession, clients: Sequence[Client]) -> dict[int, Recipient]:
    """By client id, what became of the latest letter to each of these clients, in one query."""
    latest = (
        select(func.max(Recipient.id))
        .where(Recipient.client_id.in_([client.id for client in clients]))
        .group_by(Recipient.client_id)
    )
    recipients = session.scalars(select(Recipient).where(Recipient.id.in_(latest)))
    return {recipient.client_id: recipient for recipient in recipients if recipient.client_id is not None}


def letters_to(client: Client) -> Select[Recipient, Attempt, Mailing]:
    """This client's part in every mailing that has started, each with the latest attempt, or with none."""
    recipients = select(Recipient).where(Recipient.client_id == client.id)
    return with_last_attempt(recipients).add_columns(Mailing).join(Mailing, Mailing.id == Recipient.mailing_id)


@dataclass(frozen=True)
class ClientDependents:
    """What a deletion of clients touches."""

    running_mailings: int
    past_mailings: int
    booked_mailings: int


def dependents_of_clients(session: AnySession, clients: Select[Client]) -> ClientDependents:
    """In how many mailings these clients are recipients, and how many booked ones name some of them."""
    ids = clients.with_only_columns(Client.id)
    of_status = dict(
        session.execute(
            select(Mailing.status, func.count(Mailing.id.distinct()))
            .join(Recipient, Recipient.mailing_id == Mailing.id)
            .where(Recipient.client_id.in_(ids))
            .group_by(Mailing.status)
        ).all()
    )
    booked = session.scalar(
        select(func.count(Mailing.id.distinct()))
        .select_from(SelectedClient)
        .join(Mailing, Mailing.id == SelectedClient.mailing_id)
        .where(SelectedClient.client_id.in_(ids), Mailing.status == MailingStatus.CREATED)
    )
    return ClientDependents(
        running_mailings=of_status.get(MailingStatus.STARTED, 0),
        past_mailings=of_status.get(MailingStatus.COMPLETED, 0),
        booked_mailings=booked or 0,
    )


def delete_clients(session: AnySession, clients: Select[Client], now: datetime) -> int:
    """Take clients off the file; how many they were.

    Mailings keep their copies of name and address. In running ones each client becomes `suppressed` wherever no
    letter has begun; one that a lane has claimed is refused at its begin, because its client is gone.
    """
    ids = clients.with_only_columns(Client.id)
    session.execute(
        update(Recipient)
        .where(Recipient.client_id.in_(ids), Recipient.state == RecipientState.PENDING)
        .values(state=RecipientState.SUPPRESSED, next_attempt_at=None, changed_at=now)
        .execution_options(synchronize_session=False)
    )
    gone = session.execute(delete(Client).where(Client.id.in_(ids)).execution_options(synchronize_session=False))
    return changed_rows(gone)


def _write(client: Client, email: str, full_name: str, comment: str, now: datetime) -> None:
    client.email = email
    client.email_key = address_key(email)
    client.full_name = full_name
    client.name_key = client_name_key(full_name)
    client.comment = comment
    client.search_key = client_search_key(email, full_name, comment)
    client.updated_at = now


def client_name_key(full_name: str) -> str:
    """What names are sorted by; folding can lengthen a name beyond what the column takes."""
    return full_name.casefold()[:300]


def client_search_key(email: str, full_name: str, comment: str) -> str:
    """What a search looks through."""
    return f"{full_name}\n{email}\n{comment}".casefold()


@contextmanager
def _unique_email(session: AnySession, email: str) -> Iterator[None]:
    # The changes are made within the savepoint, so that a refusal takes them back and leaves the transaction whole.
    try:
        with session.begin_nested():
            yield
            session.flush()
    except IntegrityError as error:
        raise EmailTaken(email) from error
