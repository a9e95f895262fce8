"""Whom a mailing would reach that is still being planned."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, SQLColumnExpression, func, literal, select, true
from sqlalchemy.orm import aliased

from mailer.domain.booking import chosen_for
from mailer.domain.chosen_ids import is_among
from mailer.domain.clients import clients_of
from mailer.domain.suppressions import IN_ORDER_OF_WEIGHT, main_reason
from mailer.models.clients import Client, Suppression, SuppressionReason
from mailer.models.mailings import Audience, Mailing
from mailer.models.transactions import AnySession

ClientId = SQLColumnExpression[int]


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
        reach = _counted(session, owner_id)
        return replace(reach, on_file=reach.clients) if with_on_file else reach

    def is_chosen(id: ClientId) -> ColumnElement[bool]:
        return is_among(session, id, client_ids)

    if not with_on_file:
        return _counted(session, owner_id, is_chosen)
    # By another name: a subquery of the same table would otherwise be taken for the table around it.
    everybody = aliased(Client)
    on_file = select(func.count(everybody.id)).where(everybody.owner_id == owner_id).scalar_subquery()
    return _counted(session, owner_id, is_chosen, on_file)


def reach_of_mailing(session: AnySession, mailing: Mailing) -> Reach:
    """The reach of a mailing that has not started, as of now."""
    if mailing.audience is Audience.ALL:
        return _counted(session, mailing.owner_id)
    return _counted(session, mailing.owner_id, lambda id: id.in_(chosen_for(mailing)))


def _counted(
    session: AnySession,
    owner_id: int,
    is_chosen: Callable[[ClientId], ColumnElement[bool]] = lambda id: true(),
    on_file: ColumnElement[int] = literal(0),
) -> Reach:
    # Each of the few who are left out is looked up among the clients, by the address alone. Joined with them, or with
    # those who were chosen, they would make PostgreSQL read all clients, and SQLite all the chosen ones each time.
    of_address = clients_of(owner_id).where(Client.email_key == Suppression.email_key).correlate(Suppression)
    left_out = (
        select(of_address.with_only_columns(Client.id).scalar_subquery().label("id"), main_reason().label("place"))
        .where(Suppression.owner_id == owner_id, Suppression.lifted_at.is_(None))
        .group_by(Suppression.email_key)
        .subquery()
    )
    total = clients_of(owner_id).with_only_columns(func.count(Client.id)).where(is_chosen(Client.id)).scalar_subquery()
    places = range(len(IN_ORDER_OF_WEIGHT))
    counts = select(on_file, total, *(func.count().filter(left_out.c.place == place) for place in places))
    counts = counts.select_from(left_out).where(left_out.c.id.is_not(None), is_chosen(left_out.c.id))
    count_on_file, count, *of_reasons = session.execute(counts).one()
    of_each = zip(IN_ORDER_OF_WEIGHT, of_reasons, strict=True)
    return Reach(count, tuple((reason, number) for reason, number in of_each if number), count_on_file)
