"""The proof of the sums: everything counted once more, row by row and without the database's help, and compared."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from mailer.domain.books import COUNTED_AS, SETTLED
from mailer.domain.replies import Answered, ReplyKey, Tally
from mailer.domain.summed import is_summed
from mailer.models.mailings import Attempt, AttemptStatus, Mailing, Recipient
from mailer.models.portable import QUARTER_SECONDS
from mailer.models.sums import DomainSums, MailingSums, QuarterSums, ReplySums
from mailer.models.transactions import AnySession

BATCH = 2000


@dataclass(frozen=True)
class Difference:
    """A figure of a mailing that is not what its rows come to; `what` and `key` say which one."""

    mailing_id: int
    what: str
    key: str
    summed: int
    counted: int


def ticket_of(session: AnySession, mailing_id: int) -> int | None:
    """The number of changes under which the mailing's sums count; None while they don't."""
    head = select(MailingSums.changes).join(Mailing, Mailing.id == MailingSums.mailing_id)
    return session.scalar(head.where(Mailing.id == mailing_id, is_summed()))


def differences(session: AnySession, mailing_id: int) -> list[Difference]:
    """Where the sums of a mailing differ from a recount of its rows; meant for one whose sums count.

    Attempts whose rows are gone cannot be counted again: what is kept of them stands apart, and is not looked at.
    """
    tally = recount_attempts(session, mailing_id)
    replies = {key: group.attempts for key, group in tally.replies.groups.items()}
    pairs = (
        ("recipients", _summed_books(session, mailing_id), recount_books(session, mailing_id)),
        ("quarters", _summed(session, mailing_id, QuarterSums, "quarter"), tally.quarters),
        ("domains", _summed(session, mailing_id, DomainSums, "domain"), tally.domains),
        ("replies", _summed_replies(session, mailing_id), replies),
    )
    return [found for what, summed, counted in pairs for found in _compared(mailing_id, what, summed, counted)]


def recount_books(session: AnySession, mailing_id: int) -> Counter[str]:
    """The settled recipients of a mailing, counted one by one."""
    states = select(Recipient.id, Recipient.state).where(Recipient.mailing_id == mailing_id)
    return Counter(COUNTED_AS[state] for _id, state in _one_by_one(session, states, Recipient.id))


def recount_attempts(session: AnySession, mailing_id: int) -> Tally:
    """The attempts of a mailing that are still there, counted one by one."""
    attempts = select(Attempt.id, Attempt, Recipient.email, Recipient.email_key)
    attempts = attempts.join(Recipient, Recipient.id == Attempt.recipient_id).where(Attempt.mailing_id == mailing_id)
    tally = Tally()
    for _id, attempt, email, email_key in _one_by_one(session, attempts, Attempt.id):
        quarter = int(attempt.attempted_at.timestamp()) // QUARTER_SECONDS
        domain = email_key.partition("@")[2]
        tally.count(
            Answered(attempt.status, attempt.verdict, attempt.code, attempt.reply, quarter, domain, email)
        )
    return tally


def _one_by_one(session: AnySession, rows: Any, id_column: Any) -> Iterator[Any]:
    last_id = 0
    while batch := session.execute(rows.where(id_column > last_id).order_by(id_column).limit(BATCH)).all():
        last_id = batch[-1][0]
        yield from batch
        # What has been counted is let go of, however many there are.
        session.expunge_all()


def _summed_books(session: AnySession, mailing_id: int) -> dict[str, int]:
    head = session.execute(
        select(*(getattr(MailingSums, name) for name in SETTLED)).where(MailingSums.mailing_id == mailing_id)
    ).one()
    return dict(zip(SETTLED, head, strict=True))


def _summed(
    session: AnySession, mailing_id: int, sums: type[QuarterSums] | type[DomainSums], name: str
) -> dict[tuple[Any, AttemptStatus], int]:
    columns = [getattr(sums, name), *(getattr(sums, status.value) for status in AttemptStatus)]
    rows = session.execute(select(*columns).where(sums.mailing_id == mailing_id, ~sums.is_gone)).all()
    return {(key, status): count for key, *counts in rows for status, count in zip(AttemptStatus, counts, strict=True)}


def _summed_replies(session: AnySession, mailing_id: int) -> dict[ReplyKey, int]:
    columns = (ReplySums.status, ReplySums.verdict, ReplySums.code, ReplySums.words, ReplySums.attempts)
    rows = session.execute(select(*columns).where(ReplySums.mailing_id == mailing_id, ~ReplySums.is_gone))
    return {ReplyKey(*row[:-1]): row[-1] for row in rows}


def _compared(
    mailing_id: int, what: str, summed: Mapping[Any, int], counted: Mapping[Any, int]
) -> Iterator[Difference]:
    for key in sorted({**summed, **counted}, key=str):
        if summed.get(key, 0) != counted.get(key, 0):
            words = key if isinstance(key, str) else ", ".join(str(part) for part in key)
            yield Difference(mailing_id, what, words, summed.get(key, 0), counted.get(key, 0))
