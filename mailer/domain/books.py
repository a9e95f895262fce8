"""The books of mailings: how many recipients are in which state. They always balance."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Select, Subquery, func, literal, select, union_all
from sqlalchemy.orm import InstrumentedAttribute

from mailer.domain.summed import of_unsummed, started_heads
from mailer.models.clients import Client
from mailer.models.mailings import (
    Audience,
    Mailing,
    MailingStatus,
    Recipient,
    RecipientState,
    SelectedClient,
)
from mailer.models.sums import MailingSums
from mailer.models.transactions import AnySession


@dataclass(frozen=True)
class Books:
    """The seven counts of a mailing; `sending` are the claimed and the begun."""

    pending: int = 0
    sending: int = 0
    accepted: int = 0
    failed: int = 0
    unknown: int = 0
    suppressed: int = 0
    expired: int = 0

    @property
    def total(self) -> int:
        return sum((self.pending, self.sending, self.settled))

    @property
    def settled(self) -> int:
        """The recipients whose story is over."""
        return sum((self.accepted, self.failed, self.unknown, self.suppressed, self.expired))


def sum_of(books: Iterable[Books]) -> Books:
    """Several mailings' books as one."""
    listed = list(books)
    return Books(**{field.name: sum(getattr(each, field.name) for each in listed) for field in fields(Books)})


COUNTED_AS = {
    RecipientState.PENDING: "pending",
    RecipientState.CLAIMED: "sending",
    RecipientState.BEGUN: "sending",
    RecipientState.ACCEPTED: "accepted",
    RecipientState.FAILED: "failed",
    RecipientState.UNKNOWN: "unknown",
    RecipientState.SUPPRESSED: "suppressed",
    RecipientState.EXPIRED: "expired",
}
COUNTS = tuple(dict.fromkeys(COUNTED_AS.values()))
SETTLED = ("accepted", "failed", "unknown", "suppressed", "expired")


def books_of(session: AnySession, mailing: Mailing) -> Books:
    """The books of one mailing; of one that has not started, its audience as of now, all pending."""
    return books_of_each(session, [mailing])[mailing.id]


def books_of_each(session: AnySession, mailings: Sequence[Mailing]) -> dict[int, Books]:
    """The books of several mailings by id: the started ones in one query, the others in another."""
    started = [mailing for mailing in mailings if mailing.status is not MailingStatus.CREATED]
    created = [mailing for mailing in mailings if mailing.status is MailingStatus.CREATED]
    return _books_of_started(session, started) | _books_of_created(session, created)


def _books_of_started(session: AnySession, mailings: Sequence[Mailing]) -> dict[int, Books]:
    if not mailings:
        return {}
    ids = [mailing.id for mailing in mailings]
    counted = books_counted(select(Mailing).where(Mailing.id.in_(ids)))
    rows = session.execute(select(counted.c.mailing_id, *(counted.c[name] for name in COUNTS))).all()
    return {mailing_id: Books() for mailing_id in ids} | {mailing_id: Books(*counts) for mailing_id, *counts in rows}


def books_counted(mailings: Select[Mailing]) -> Subquery:
    """The books of the started ones among these mailings, a row each: `mailing_id`, `owner_id` and the seven counts.

    Those of completed mailings come from their sums. A mailing without recipients may be missing.
    """
    heads = started_heads(mailings)
    of_count: dict[str, list[RecipientState]] = {name: [] for name in COUNTS}
    for state, name in COUNTED_AS.items():
        of_count[name].append(state)
    stored: list[Any] = [getattr(MailingSums, name) if name in SETTLED else literal(0) for name in COUNTS]
    live = [func.count().filter(Recipient.state.in_(states)) for states in of_count.values()]
    summed = select(heads.c.id, heads.c.owner_id, *stored).join(MailingSums, MailingSums.mailing_id == heads.c.id)
    counts = select(Recipient.mailing_id, *(count.label(name) for name, count in zip(COUNTS, live, strict=True)))
    rows = of_unsummed(counts, Recipient, heads).group_by(Recipient.mailing_id).subquery()
    unsummed = select(heads.c.id, heads.c.owner_id, *list(rows.c)[1:]).join(rows, rows.c.mailing_id == heads.c.id)
    counted = union_all(summed.where(heads.c.is_summed), unsummed).subquery()
    names = ("mailing_id", "owner_id", *COUNTS)
    return select(*(column.label(name) for name, column in zip(names, counted.c, strict=True))).subquery("books")


def _books_of_created(session: AnySession, mailings: Sequence[Mailing]) -> dict[int, Books]:
    to_all = [mailing for mailing in mailings if mailing.audience is Audience.ALL]
    to_selected = [mailing for mailing in mailings if mailing.audience is Audience.SELECTED]
    counts = (
        _counts_by(Client.owner_id, {mailing.owner_id for mailing in to_all}),
        _counts_by(SelectedClient.mailing_id, {mailing.id for mailing in to_selected}),
    )
    if not mailings:
        return {}
    counted = {(of, key): count for of, key, count in session.execute(union_all(*counts))}
    on_file, selected = Client.__tablename__, SelectedClient.__tablename__
    books = {mailing.id: Books(pending=counted.get((on_file, mailing.owner_id), 0)) for mailing in to_all}
    return books | {mailing.id: Books(pending=counted.get((selected, mailing.id), 0)) for mailing in to_selected}


def _counts_by(column: InstrumentedAttribute[int], keys: Collection[int]) -> Select[str, int, int]:
    """How many rows there are of each key, with the name of their table."""
    table = column.class_.__tablename__
    return select(literal(table), column, func.count()).where(column.in_(keys)).group_by(column)
