"""How the sums of a mailing are made: counted while nothing waits, written in small pieces, true from the last one on.

Whoever makes them draws a ticket first: the number of the mailing's changes, counted up by one. While that number
stands, nothing has changed and nobody else makes them too, so each piece is written under it alone; and at the end it
is written down as the number that was summed (see mailer.models.sums).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, delete, func, insert, select, update

from mailer.domain.books import COUNTED_AS, COUNTS, SETTLED, Books
from mailer.domain.clock import database_now
from mailer.domain.replies import Answered, Group, ReplyKey, ReplyTally
from mailer.domain.summed import is_summed
from mailer.models.base import Base
from mailer.models.mailings import Attempt, AttemptStatus, Mailing, MailingStatus, Recipient
from mailer.models.portable import domain_of, quarter_of
from mailer.models.statements import changed_rows, insert_into
from mailer.models.sums import DomainSums, MailingSums, QuarterSums, ReplySums
from mailer.models.transactions import AnySession

# Attempts, or rows of sums, that are read or written at once.
BATCH = 2000

Row = dict[str, Any]
# A select of the columns of Answered, with the id before them.
Attempts = Select[*tuple[Any, ...]]


class SumsOverrun(Exception):
    """The mailing has changed since its ticket was drawn, or somebody else makes its sums."""


def mailings_to_sum(session: AnySession, limit: int) -> list[int]:
    """Completed mailings that have no true sums, the latest first."""
    waiting = (
        select(Mailing.id)
        .outerjoin(MailingSums, MailingSums.mailing_id == Mailing.id)
        .where(Mailing.status == MailingStatus.COMPLETED, ~is_summed())
    )
    return list(session.scalars(waiting.order_by(Mailing.id.desc()).limit(limit)))


def draw_ticket(session: AnySession, mailing_id: int) -> int | None:
    """Begin to make the sums of a mailing: from now on it has none. None unless it is completed. The caller commits."""
    completed = select(Mailing.round).where(Mailing.id == mailing_id, Mailing.status == MailingStatus.COMPLETED)
    round_number = session.scalar(completed.with_for_update(read=True, key_share=True))
    if round_number is None:
        return None
    first = insert_into(session, MailingSums).values(mailing_id=mailing_id, round=round_number, changes=1)
    again = first.on_conflict_do_update(
        index_elements=[MailingSums.mailing_id],
        set_={"changes": MailingSums.changes + 1, "round": round_number, "summed_changes": None},
    )
    return session.execute(again.returning(MailingSums.changes)).scalar_one()


def make_room(session: AnySession, mailing_id: int, ticket: int) -> None:
    """Take away what was summed before, except for attempts whose rows are gone. Raises SumsOverrun."""
    hold_ticket(session, mailing_id, ticket)
    for sums in (QuarterSums, DomainSums, ReplySums):
        old = delete(sums).where(sums.mailing_id == mailing_id, ~sums.is_gone)
        session.execute(old.execution_options(synchronize_session=False))


def put_sums(session: AnySession, mailing_id: int, ticket: int, sums: type[Base], rows: Sequence[Row]) -> None:
    """Write some of the sums. Raises SumsOverrun."""
    hold_ticket(session, mailing_id, ticket)
    session.execute(insert(sums), [{"mailing_id": mailing_id, "is_gone": False, **row} for row in rows])


def close_sums(session: AnySession, mailing_id: int, ticket: int, books: Books) -> None:
    """The sums are complete, and count from the commit on. Raises SumsOverrun."""
    settled = {name: getattr(books, name) for name in SETTLED}
    closed = session.execute(
        update(MailingSums)
        .where(MailingSums.mailing_id == mailing_id, MailingSums.changes == ticket)
        .values(summed_changes=ticket, summed_at=database_now(session), **settled)
        .execution_options(synchronize_session=False)
    )
    if not changed_rows(closed):
        raise SumsOverrun(mailing_id)


def hold_ticket(session: AnySession, mailing_id: int, ticket: int) -> None:
    """Keep others from changing the mailing's sums until the commit. Raises SumsOverrun."""
    # Who deletes the mailing takes it first and its sums then; the rows that are written here want it too.
    session.scalar(select(Mailing.id).where(Mailing.id == mailing_id).with_for_update(read=True, key_share=True))
    mine = select(MailingSums.mailing_id).where(MailingSums.mailing_id == mailing_id, MailingSums.changes == ticket)
    if session.scalar(mine.with_for_update()) is None:
        raise SumsOverrun(mailing_id)


def count_books(session: AnySession, mailing_id: int) -> Books:
    """The books, counted from the recipients."""
    states = select(Recipient.state, func.count()).where(Recipient.mailing_id == mailing_id).group_by(Recipient.state)
    counts = dict.fromkeys(COUNTS, 0)
    for state, count in session.execute(states):
        counts[COUNTED_AS[state]] += count
    return Books(**counts)


def sum_quarters(session: AnySession, mailing_id: int) -> Iterator[list[Row]]:
    """The rows of QuarterSums, a batch at a time, as the attempts say."""
    return _summed(session, select(quarter_of(Attempt.attempted_at).label("quarter")), mailing_id)


def sum_domains(session: AnySession, mailing_id: int) -> Iterator[list[Row]]:
    """The rows of DomainSums, a batch at a time, as the attempts say."""
    domains = select(domain_of(Recipient.email_key).label("domain")).select_from(Attempt)
    return _summed(session, domains.join(Recipient, Recipient.id == Attempt.recipient_id), mailing_id)


def _summed(session: AnySession, keys: Select[Any], mailing_id: int) -> Iterator[list[Row]]:
    counts = [func.count().filter(Attempt.status == status).label(status.value) for status in AttemptStatus]
    summed = keys.add_columns(*counts).where(Attempt.mailing_id == mailing_id).group_by(*keys.selected_columns)
    found = session.execute(summed.execution_options(yield_per=BATCH))
    for batch in found.mappings().partitions():
        yield [dict(row) for row in batch]


def sum_replies(session: AnySession, mailing_id: int) -> Iterator[list[Row]]:
    """The rows of ReplySums, a batch at a time, as the attempts say; the tries that failed are read one by one."""
    tally = ReplyTally()
    taken = select(Attempt.verdict, Attempt.code, func.count()).where(
        Attempt.mailing_id == mailing_id, Attempt.status == AttemptStatus.SUCCESS
    )
    for verdict, code, count in session.execute(taken.group_by(Attempt.verdict, Attempt.code)):
        tally.add(ReplyKey(AttemptStatus.SUCCESS, verdict, code, ""), Group(count, ""))
    others = answered().where(Attempt.mailing_id == mailing_id, Attempt.status != AttemptStatus.SUCCESS)
    for attempt in in_batches(session, others):
        tally.count(attempt)
    rows = reply_rows(tally.groups)
    for first in range(0, len(rows), BATCH):
        yield rows[first : first + BATCH]


def reply_rows(groups: Mapping[ReplyKey, Group]) -> list[Row]:
    """Groups of replies as rows of ReplySums."""
    return [
        {"number": number, **key._asdict(), "example": group.example, "attempts": group.attempts}
        for number, (key, group) in enumerate(groups.items(), start=1)
    ]


def answered() -> Attempts:
    """As much of attempts as is counted: the columns of Answered, with the id before them."""
    return select(
        Attempt.id,
        Attempt.status,
        Attempt.verdict,
        Attempt.code,
        Attempt.reply,
        quarter_of(Attempt.attempted_at),
        domain_of(Recipient.email_key),
        Recipient.email,
    ).join(Recipient, Recipient.id == Attempt.recipient_id)


def in_batches(session: AnySession, attempts: Attempts) -> Iterator[Answered]:
    """The attempts that a select of `answered()` finds, in the order of their ids, a batch of them in memory."""
    last_id = 0
    while rows := session.execute(attempts.where(Attempt.id > last_id).order_by(Attempt.id).limit(BATCH)).all():
        last_id = rows[-1][0]
        yield from (Answered(*row[1:]) for row in rows)
