"""Attempts counted over many mailings: of completed ones from their sums, of the few others from their rows.

Each of these is one statement, so that no mailing is counted twice, or not at all, when it gets its sums meanwhile.
A select of mailings says which ones are meant; whoever may see them is decided there.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import CTE, ColumnElement, CompoundSelect, Select, Subquery, func, literal, or_, select, union_all

from mailer.domain.replies import Group, ReplyKey, example_of, words_of
from mailer.domain.reports import ALWAYS, Period
from mailer.domain.summed import of_unsummed, started_heads
from mailer.models.mailings import Attempt, AttemptStatus, Mailing, Recipient, Verdict
from mailer.models.portable import QUARTER_SECONDS, domain_of, quarter_of
from mailer.models.sums import DomainSums, QuarterSums, ReplySums
from mailer.models.transactions import AnySession


@dataclass(frozen=True)
class Tried:
    """How many attempts there were of each status."""

    success: int = 0
    failed: int = 0
    deferred: int = 0
    unknown: int = 0

    @property
    def total(self) -> int:
        return self.success + self.failed + self.deferred + self.unknown

    @property
    def counts(self) -> tuple[int, ...]:
        """The four, in the order of their statuses."""
        return tuple(getattr(self, status) for status in AttemptStatus)

    def minus(self, other: "Tried") -> "Tried":
        """What is left of these attempts without the others, which are among them."""
        return Tried(*(getattr(self, status) - getattr(other, status) for status in AttemptStatus))

    def __add__(self, other: "Tried") -> "Tried":
        return Tried(*(getattr(self, status) + getattr(other, status) for status in AttemptStatus))


def sums_of(counted: Subquery) -> list[ColumnElement[int]]:
    """The columns of a Tried, summed over rows that are grouped."""
    return [func.coalesce(func.sum(counted.c[status.value]), 0) for status in AttemptStatus]


def attempts_by_quarter(mailings: Select[Mailing], period: Period = ALWAYS) -> Subquery:
    """Attempts within a period by `mailing_id`, `quarter` (mailer.models.sums) and, in columns, by status.

    The period's ends lie between two quarters, as those of days do.
    """
    heads = started_heads(mailings)
    quarter = quarter_of(Attempt.attempted_at)
    stored = _stored(QuarterSums, QuarterSums.quarter, heads)
    tried = select(Attempt.mailing_id, quarter.label("quarter"), *_live_counts())
    live = of_unsummed(tried, Attempt, heads).group_by(Attempt.mailing_id, quarter)
    if period.begins_at is not None:
        stored = stored.where(QuarterSums.quarter >= int(period.begins_at.timestamp()) // QUARTER_SECONDS)
        live = live.where(Attempt.attempted_at >= period.begins_at)
    if period.ends_at is not None:
        stored = stored.where(QuarterSums.quarter < int(period.ends_at.timestamp()) // QUARTER_SECONDS)
        live = live.where(Attempt.attempted_at < period.ends_at)
    return union_all(stored, live).subquery("by_quarter")


def attempts_by_domain(
    mailings: Select[Mailing], domain: str | None = None, status: AttemptStatus | None = None
) -> Subquery:
    """Attempts by `mailing_id`, receiving `domain` and, in columns, by status; of one domain or status, if given."""
    heads = started_heads(mailings)
    of_recipient = domain_of(Recipient.email_key)
    stored = _stored(DomainSums, DomainSums.domain, heads)
    live = of_unsummed(select(Attempt.mailing_id, of_recipient.label("domain"), *_live_counts()), Attempt, heads)
    live = live.join(Recipient, Recipient.id == Attempt.recipient_id).group_by(Attempt.mailing_id, of_recipient)
    if domain is not None:
        stored, live = stored.where(DomainSums.domain == domain), live.where(of_recipient == domain)
    counted = union_all(stored, live).subquery("by_domain")
    if status is None:
        return counted
    wanted = [(counted.c[each.value] if each is status else literal(0)).label(each.value) for each in AttemptStatus]
    return select(counted.c.mailing_id, counted.c.domain, *wanted).subquery("of_status")


@dataclass(frozen=True)
class Answer:
    """What attempts may have been answered with; what is empty does not matter, and the code 0 is that of no reply."""

    verdict: Verdict | None = None
    status: AttemptStatus | None = None
    code: int | None = None

    def conditions(self, table: type[ReplySums] | type[Attempt]) -> list[ColumnElement[bool]]:
        """The same as conditions on rows of this table."""
        wanted = ((table.verdict, self.verdict), (table.status, self.status), (table.code, self.code))
        return [column == (value or None) for column, value in wanted if value is not None]


def attempts_by_answer(mailings: Select[Mailing], answer: Answer) -> Subquery:
    """Attempts with such an answer by `mailing_id` and, in columns, by status."""
    heads = started_heads(mailings)
    of_status = [
        func.sum(ReplySums.attempts).filter(ReplySums.status == status).label(status.value) for status in AttemptStatus
    ]
    kept = select(ReplySums.mailing_id, *of_status).join(heads, heads.c.id == ReplySums.mailing_id)
    kept = kept.where(or_(ReplySums.is_gone, heads.c.is_summed), *answer.conditions(ReplySums))
    live = of_unsummed(select(Attempt.mailing_id, *_live_counts()), Attempt, heads)
    live = live.where(*answer.conditions(Attempt))
    return union_all(kept.group_by(ReplySums.mailing_id), live.group_by(Attempt.mailing_id)).subquery("by_answer")


def replies_counted(session: AnySession, mailings: Select[Mailing]) -> dict[ReplyKey, Group]:
    """Attempts by what they were answered with, over all these mailings; letters that were taken have no words.

    The failures of mailings without sums are read one by one.
    """
    found: dict[ReplyKey, Group] = {}
    for is_kept, status, verdict, code, words, reply, email, count in session.execute(_replies(mailings)):
        example = reply if is_kept else example_of(reply, email)
        key = ReplyKey(status, verdict, code, words if is_kept else words_of(example))
        found.setdefault(key, Group(0, example)).attempts += count
    return found


def _replies(mailings: Select[Mailing]) -> CompoundSelect[*tuple[Any, ...]]:
    heads = started_heads(mailings)
    kept = select(
        literal(True),
        ReplySums.status,
        ReplySums.verdict,
        ReplySums.code,
        ReplySums.words,
        func.max(ReplySums.example),
        literal(""),
        func.sum(ReplySums.attempts),
    ).join(heads, heads.c.id == ReplySums.mailing_id)
    kept = kept.where(or_(ReplySums.is_gone, heads.c.is_summed))
    live = select(literal(False), Attempt.status, Attempt.verdict, Attempt.code, literal(""))
    live = of_unsummed(live, Attempt, heads)
    taken = live.add_columns(literal(""), literal(""), func.count()).where(Attempt.status == AttemptStatus.SUCCESS)
    others = live.add_columns(Attempt.reply, Recipient.email, literal(1)).where(Attempt.status != AttemptStatus.SUCCESS)
    return union_all(
        kept.group_by(ReplySums.status, ReplySums.verdict, ReplySums.code, ReplySums.words),
        taken.group_by(Attempt.status, Attempt.verdict, Attempt.code),
        others.join(Recipient, Recipient.id == Attempt.recipient_id),
    )


def _stored(sums: type[QuarterSums] | type[DomainSums], key: Any, heads: CTE) -> Select[Any]:
    """What is kept: of attempts whose rows are gone always, of the others where the mailing has true sums."""
    counts = [getattr(sums, status.value) for status in AttemptStatus]
    kept = select(sums.mailing_id, key, *counts).join(heads, heads.c.id == sums.mailing_id)
    return kept.where(or_(sums.is_gone, heads.c.is_summed))


def _live_counts() -> list[ColumnElement[int]]:
    return [func.count().filter(Attempt.status == status).label(status.value) for status in AttemptStatus]
