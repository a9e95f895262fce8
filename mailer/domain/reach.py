"""Whom a mailing would reach that is still being planned."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Select, func

from mailer.domain.booking import SELECTION_BATCH, audience_of
from mailer.domain.clients import clients_of
from mailer.domain.suppressions import is_suppressed_client
from mailer.models.clients import Client
from mailer.models.mailings import Audience, Mailing
from mailer.models.transactions import AnySession


@dataclass(frozen=True)
class Reach:
    """The clients of an audience, and how many of them must not be written to."""

    clients: int = 0
    suppressed: int = 0

    @property
    def letters(self) -> int:
        return self.clients - self.suppressed


def reach_of(session: AnySession, owner_id: int, audience: Audience, client_ids: Collection[int]) -> Reach:
    """The reach of all this owner's clients, or of the chosen ones; clients of others are passed over."""
    if audience is Audience.ALL:
        return _counted(session, clients_of(owner_id))
    chosen = sorted(client_ids)
    clients = suppressed = 0
    for first in range(0, len(chosen), SELECTION_BATCH):
        batch = chosen[first : first + SELECTION_BATCH]
        part = _counted(session, clients_of(owner_id).where(Client.id.in_(batch)))
        clients, suppressed = clients + part.clients, suppressed + part.suppressed
    return Reach(clients, suppressed)


def reach_of_mailing(session: AnySession, mailing: Mailing) -> Reach:
    """The reach of a mailing that has not started, as of now."""
    return _counted(session, audience_of(mailing))


def _counted(session: AnySession, clients: Select[Client]) -> Reach:
    counts = clients.with_only_columns(func.count(Client.id), func.count(Client.id).filter(is_suppressed_client()))
    total, suppressed = session.execute(counts).one()
    return Reach(total, suppressed)
