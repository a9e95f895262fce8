"""Recipients as they are read: with the last reply, and the first of those who need a look."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, ScalarSelect, Select, func, select, union_all
from sqlalchemy.orm import aliased

from mailer.models.mailings import Attempt, AttemptStatus, Mailing, Recipient, RecipientState
from mailer.models.transactions import AnySession

# Enough of each kind to see what goes wrong, however many there are.
FAILURES_READ = 200
# What the last try of a recipient in this state came to.
ENDED_BY = {RecipientState.FAILED: AttemptStatus.FAILED, RecipientState.UNKNOWN: AttemptStatus.UNKNOWN}


def are_recipients_of(mailing_id: int) -> list[ColumnElement[bool]]:
    """That they are a mailing's recipients, for a select of a few in the order of their ids, or turned round.

    Told of the mailing alone, PostgreSQL would walk through everybody else's where it believes that this one's are a
    large part of all: so it is told as well between which ids they lie.
    """
    first, last = (_end_of(mailing_id, is_last) for is_last in (False, True))
    return [Recipient.mailing_id == mailing_id, Recipient.id >= first, Recipient.id <= last]


def _end_of(mailing_id: int, is_last: bool) -> ScalarSelect[int]:
    own = aliased(Recipient)
    # Between and not equal: only one index has this order then. Otherwise that of ids alone would do as well.
    order = [column.desc() if is_last else column for column in (own.mailing_id, own.id)]
    ends = select(own.id).where(own.mailing_id.between(mailing_id, mailing_id)).order_by(*order)
    return ends.limit(1).scalar_subquery()


def with_last_attempt(recipients: Select[Recipient]) -> Select[Recipient, Attempt]:
    """The same recipients, each with the latest attempt, or with none."""
    return recipients.add_columns(Attempt).outerjoin(Attempt, Attempt.id == last_try())


def last_try() -> ScalarSelect[int]:
    """The id of the latest attempt at the recipient of an enclosing select."""
    latest = select(func.max(Attempt.id)).where(Attempt.recipient_id == Recipient.id)
    return latest.correlate(Recipient).scalar_subquery()


@dataclass(frozen=True)
class Failure:
    """Recipients whom the server answered alike; `recipient` is one of them, and `attempt` the answer."""

    recipient: Recipient
    attempt: Attempt
    count: int
    latest_at: datetime


@dataclass(frozen=True)
class Failures:
    """What went wrong, the most frequent first; `is_complete` unless there was more than is ever read."""

    groups: list[Failure]
    is_complete: bool


def first_failures(session: AnySession, mailing: Mailing, states: Collection[RecipientState]) -> Failures:
    """The first recipients of a mailing in these states, failed or unknown; those with equal replies together.

    They are found by what the last try came to, so it takes no longer where there are few of them among very many.
    """
    if not states:
        return Failures([], is_complete=True)
    firsts = union_all(*(_first_ids(mailing, state) for state in states))
    those = select(Recipient, Attempt).join(Attempt, Attempt.recipient_id == Recipient.id)
    rows = session.execute(those.where(Attempt.id.in_(firsts)).order_by(Recipient.id)).all()
    read = [(recipient, attempt) for recipient, attempt in rows]
    of_state = Counter(recipient.state for recipient, _ in read)
    return Failures(_grouped(read), is_complete=all(count < FAILURES_READ for count in of_state.values()))


def _first_ids(mailing: Mailing, state: RecipientState) -> Select[int]:
    """The last tries of the first recipients in this state."""
    # Both states together might be so many of the one that the other is never seen.
    first = (
        select(Attempt.id)
        .join(Recipient, Recipient.id == Attempt.recipient_id)
        .where(Attempt.mailing_id == mailing.id, Recipient.state == state, Attempt.id == last_try())
        # The first of these is said in the words of the index.
        .where(Attempt.status != AttemptStatus.SUCCESS, Attempt.status == ENDED_BY[state])
        .order_by(Attempt.id)
        .limit(FAILURES_READ)
        .subquery()
    )
    return select(first.c.id)


def _grouped(read: list[tuple[Recipient, Attempt]]) -> list[Failure]:
    alike: dict[tuple[object, ...], list[tuple[Recipient, Attempt]]] = defaultdict(list)
    for recipient, attempt in read:
        key = (recipient.state, attempt.verdict, attempt.code, without_address(attempt.reply, recipient.email))
        alike[key].append((recipient, attempt))
    groups = [
        Failure(*max(members, key=_moment), count=len(members), latest_at=max(map(_moment, members)))
        for members in alike.values()
    ]
    return sorted(groups, key=lambda group: group.count, reverse=True)


def _moment(member: tuple[Recipient, Attempt]) -> datetime:
    return member[1].attempted_at


def without_address(reply: str, email: str) -> str:
    """A reply as it would read for anybody: servers repeat the address they refuse."""
    return re.sub(re.escape(email), "<>", reply, flags=re.IGNORECASE)
