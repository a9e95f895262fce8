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
    """The books of several mailings by id, in one query."""
    if not mailings:
        return {}
    to_all = [mailing for mailing in mailings if _is_created(mailing) and mailing.audience is Audience.ALL]
    to_selected = [mailing for mailing in mailings if _is_created(mailing) and mailing.audience is Audience.SELECTED]
    started = {mailing.id for mailing in mailings if not _is_created(mailing)}
    counts = []
    if started:
        counted = books_counted(select(Mailing).where(Mailing.id.in_(started)))
        of_started = literal(Mailing.__tablename__)
        counts.append(select(of_started, counted.c.mailing_id, *(counted.c[name] for name in COUNTS)))
    if to_all:
        counts.append(_pending_by(Client.owner_id, {mailing.owner_id for mailing in to_all}))
    if to_selected:
        counts.append(_pending_by(SelectedClient.mailing_id, {mailing.id for mailing in to_selected}))
    found = {(of, key): Books(*counts) for of, key, *counts in session.execute(union_all(*counts))}
    keys = [(mailing.id, (Client.__tablename__, mailing.owner_id)) for mailing in to_all]
    keys += [(mailing.id, (SelectedClient.__tablename__, mailing.id)) for mailing in to_selected]
    keys += [(id, (Mailing.__tablename__, id)) for id in started]
    return {id: found.get(key, Books()) for id, key in keys}


def _is_created(mailing: Mailing) -> bool:
    return mailing.status is MailingStatus.CREATED


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


def _pending_by(column: InstrumentedAttribute[int], keys: Collection[int]) -> Select[*tuple[Any, ...]]:
    """How many rows there are of each key, as the books of what has not started, with the name of their table."""
    table = column.class_.__tablename__
    counts = (func.count() if name == "pending" else literal(0) for name in COUNTS)
    return select(literal(table), column, *counts).where(column.in_(keys)).group_by(column)
