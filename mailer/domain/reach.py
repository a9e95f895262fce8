"""Whom a mailing would reach that is still being planned."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, Select, func, literal, select
from sqlalchemy.orm import aliased

from mailer.domain.booking import audience_of
from mailer.domain.chosen_ids import is_among
from mailer.domain.clients import clients_of
from mailer.domain.suppressions import IN_ORDER_OF_WEIGHT, main_reason
from mailer.models.clients import Client, Suppression, SuppressionReason
from mailer.models.mailings import Audience, Mailing
from mailer.models.transactions import AnySession


@dataclass(frozen=True)
class Reach:
    """The clients of an audience, and how many of them must not be written to, by the weightiest reason of each."""

    clients: int = 0
    left_out: tuple[tuple[SuppressionReason, int], ...] = ()
    # How many clients the owner has, chosen or not; 0 where it was not asked for.
    on_file: int = 0

    @property
    def suppressed(self) -> int:
        return sum(count for _reason, count in self.left_out)

    @property
    def letters(self) -> int:
        return self.clients - self.suppressed


def reach_of(
    session: AnySession, owner_id: int, audience: Audience, client_ids: Collection[int], *, with_on_file: bool = False
) -> Reach:
    """The reach of all this owner's clients, or of the chosen ones; clients of others are passed over.

    One statement asks for all of it, for the number of clients on file too.
    """
    if audience is Audience.ALL:
        reach = _counted(session, owner_id, clients_of(owner_id))
        return replace(reach, on_file=reach.clients) if with_on_file else reach
    chosen = clients_of(owner_id).where(is_among(session, Client.id, client_ids))
    if not with_on_file:
        return _counted(session, owner_id, chosen)
    # By another name: a subquery of the same table would otherwise be taken for the table around it.
    everybody = aliased(Client)
    on_file = select(func.count(everybody.id)).where(everybody.owner_id == owner_id).scalar_subquery()
    return _counted(session, owner_id, chosen, on_file)


def reach_of_mailing(session: AnySession, mailing: Mailing) -> Reach:
    """The reach of a mailing that has not started, as of now."""
    return _counted(session, mailing.owner_id, audience_of(mailing))


def _counted(
    session: AnySession, owner_id: int, clients: Select[Client], on_file: ColumnElement[int] = literal(0)
) -> Reach:
    # The few who are left out are looked up among the clients, and not each client among them.
    weightiest = (
        select(Suppression.email_key, main_reason().label("place"))
        .where(Suppression.owner_id == owner_id, Suppression.lifted_at.is_(None))
        .group_by(Suppression.email_key)
        .subquery()
    )
    total = clients.with_only_columns(func.count(Client.id)).scalar_subquery()
    places = range(len(IN_ORDER_OF_WEIGHT))
    counts = clients.join(weightiest, weightiest.c.email_key == Client.email_key).with_only_columns(
        on_file, total, *(func.count(Client.id).filter(weightiest.c.place == place) for place in places)
    )
    count_on_file, count, *of_reasons = session.execute(counts).one()
    left_out = zip(IN_ORDER_OF_WEIGHT, of_reasons, strict=True)
    return Reach(count, tuple((reason, count) for reason, count in left_out if count), count_on_file)
