"""Recipients as they are read: with the last reply, and the first of those who need a look."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select, union_all

from mailer.models.mailings import Attempt, Mailing, Recipient, RecipientState
from mailer.models.transactions import AnySession

# Enough of each kind to see what goes wrong, however many there are.
FAILURES_READ = 200


def with_last_attempt(recipients: Select[Recipient]) -> Select[Recipient, Attempt]:
    """The same recipients, each with the latest attempt, or with none."""
    latest = select(func.max(Attempt.id)).where(Attempt.recipient_id == Recipient.id).correlate(Recipient)
    return recipients.add_columns(Attempt).outerjoin(Attempt, Attempt.id == latest.scalar_subquery())


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
    """The first recipients of a mailing in each of these states, those with equal replies together.

    Name only states that have recipients: to find none takes as long as to read them all.
    """
    if not states:
        return Failures([], is_complete=True)
    firsts = [_first_ids(mailing, state) for state in states]
    those = select(Recipient).where(Recipient.id.in_(union_all(*firsts))).order_by(Recipient.id)
    rows = session.execute(with_last_attempt(those)).all()
    read = [(recipient, attempt) for recipient, attempt in rows if attempt is not None]
    of_state = Counter(recipient.state for recipient, _ in rows)
    return Failures(_grouped(read), is_complete=all(count < FAILURES_READ for count in of_state.values()))


def _first_ids(mailing: Mailing, state: RecipientState) -> Select[int]:
    # Both states together might be so many of the one that the other is never seen.
    first = (
        select(Recipient.id)
        .where(Recipient.mailing_id == mailing.id, Recipient.state == state)
        .order_by(Recipient.id)
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
