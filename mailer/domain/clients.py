"""The rules of clients: whose they are, how they are found, and what a deletion means."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute

from mailer.domain.addresses import address_key
from mailer.domain.errors import EmailTaken
from mailer.models.clients import Client
from mailer.models.mailings import Mailing, MailingStatus, Recipient, RecipientState, SelectedClient
from mailer.models.transactions import AnySession


def clients_of(owner_id: int, search: str = "") -> Select[Client]:
    """This owner's clients, those whose name, address or comment contains `search` in any case."""
    clients = select(Client).where(Client.owner_id == owner_id)
    if search.strip():
        clients = clients.where(contains(Client.search_key, search))
    return clients


def contains(search_key: InstrumentedAttribute[str], search: str) -> ColumnElement[bool]:
    """Whether the casefolded column contains the search, its own wildcards taken literally."""
    return search_key.contains(search.strip().casefold(), autoescape=True)


def count_clients(session: AnySession, owner_id: int) -> int:
    """Each client has an address of its own, so this is the number of unique clients."""
    return session.scalar(select(func.count()).select_from(Client).where(Client.owner_id == owner_id)) or 0


def add_client(
    session: AnySession, owner_id: int, email: str, full_name: str, comment: str, now: datetime
) -> Client:
    """Put a client on file. Raises EmailTaken when this owner has the address already, in any spelling."""
    client = Client(owner_id=owner_id, created_at=now)
    _write(client, email, full_name, comment, now)
    _flush_unique(session, client)
    return client


def change_client(session: AnySession, client: Client, email: str, full_name: str, comment: str, now: datetime) -> None:
    """Change a client on file; running mailings keep the address that they copied. Raises EmailTaken."""
    with session.no_autoflush:
        _write(client, email, full_name, comment, now)
        _flush_unique(session, client)


def client_with_email(session: AnySession, owner_id: int, email: str) -> Client | None:
    """The client who has this address, in any spelling."""
    return session.scalar(clients_of(owner_id).where(Client.email_key == address_key(email)))


@dataclass(frozen=True)
class ClientDependents:
    """What a client's deletion touches."""

    running_mailings: int
    past_mailings: int
    booked_mailings: int


def dependents_of_client(session: AnySession, client: Client) -> ClientDependents:
    """In how many mailings this client is a recipient, and how many booked ones name this client."""
    of_status = dict(
        session.execute(
            select(Mailing.status, func.count(Mailing.id.distinct()))
            .join(Recipient, Recipient.mailing_id == Mailing.id)
            .where(Recipient.client_id == client.id)
            .group_by(Mailing.status)
        ).all()
    )
    booked = session.scalar(
        select(func.count())
        .select_from(SelectedClient)
        .join(Mailing, Mailing.id == SelectedClient.mailing_id)
        .where(SelectedClient.client_id == client.id, Mailing.status == MailingStatus.CREATED)
    )
    return ClientDependents(
        running_mailings=of_status.get(MailingStatus.STARTED, 0),
        past_mailings=of_status.get(MailingStatus.COMPLETED, 0),
        booked_mailings=booked or 0,
    )


def delete_client(session: AnySession, client: Client, now: datetime) -> None:
    """Take a client off the file.

    Mailings keep their copies of name and address. In running ones the client becomes `suppressed` wherever no
    letter has begun; one that a lane has claimed is refused at its begin, because its client is gone.
    """
    session.execute(
        update(Recipient)
        .where(Recipient.client_id == client.id, Recipient.state == RecipientState.PENDING)
        .values(state=RecipientState.SUPPRESSED, next_attempt_at=None, changed_at=now)
    )
    session.execute(delete(Client).where(Client.id == client.id))
    session.expunge(client)


def _write(client: Client, email: str, full_name: str, comment: str, now: datetime) -> None:
    client.email = email
    client.email_key = address_key(email)
    client.full_name = full_name
    client.name_key = full_name.casefold()
    client.comment = comment
    client.search_key = client_search_key(email, full_name, comment)
    client.updated_at = now


def client_search_key(email: str, full_name: str, comment: str) -> str:
    """What a search looks through."""
    return f"{full_name}\n{email}\n{comment}".casefold()


def _flush_unique(session: AnySession, client: Client) -> None:
    email = client.email
    try:
        with session.begin_nested():
            session.add(client)
            session.flush()
    except IntegrityError as error:
        raise EmailTaken(email) from error
