"""The fence: the one transaction a turn that makes delivery exact.

A turn *records* the answers that have come, *begins* the claimed recipients whose letters go out next, and
*claims* the ones after them. Each part is guarded by the lane's token, and the commit is durable before the
lane acts on it: only a letter whose begin has committed gets its final dot. A turn that is repeated because
nobody knows whether it was committed changes nothing twice.

`open_fence` chooses the database's own way: one statement on PostgreSQL (claims_postgresql), one short
transaction on SQLite (claims_sqlite).
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol

from sqlalchemy import Engine

from mailer.delivery.outcomes import Outcome
from mailer.domain.limits import Limits


class DatabaseAway(Exception):
    """The database did not answer; nobody knows whether the turn was committed, and it may be repeated."""


class MailingGone(Exception):
    """The mailing was deleted, and its recipients with it."""


# Tuples, as one of each is made for each letter.
class Claim(NamedTuple):
    """One recipient whom a lane holds; `tries` counts the tries before this one."""

    recipient_id: int
    email: str
    full_name: str
    tries: int


class Answer(NamedTuple):
    """What came of one try at one recipient.

    `reply` are the server's words, or ours where it said nothing. A retry comes `retry_seconds` after the
    record, by the database's clock; None where there is none.
    """

    recipient_id: int
    outcome: Outcome
    code: int | None
    reply: str
    letter_id: str | None
    retry_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """What a turn has settled."""

    # The lane still holds its token; without it nothing begins any more.
    is_lane_alive: bool
    # The mailing is started, within its window, and nothing is held.
    is_open: bool
    begun: frozenset[int]
    claims: Sequence[Claim]
    # The database's clock at this turn.
    now: datetime
    # Under limits only: how many could be claimed at all, how many more letters may begin now, and the seconds until
    # there is room for another where there is none.
    room: int | None = None
    left: int | None = None
    more_in: float | None = None


@dataclass(slots=True)
class Wishes:
    """What a lane asks of a turn."""

    answers: Sequence[Answer] = ()
    begin: Collection[int] = ()
    # Claims that go back untouched: pending again, without an attempt.
    give_back: Collection[int] = ()
    claim_count: int = 0
    # Recipients who were never claimed are looked for beyond this id.
    claim_after: int = 0
    # All recipients that the lane knows it holds; others under its token come from a turn whose answer was lost.
    held: Collection[int] | None = field(default=None)


class Fence(Protocol):
    """A lane's only way to the recipients."""

    def turn(self, wishes: Wishes, meanwhile: Callable[[], None] = lambda: None) -> Turn:
        """Take one turn; durable when it returns. Raises DatabaseAway or MailingGone.

        While the database works for this lane in another process, or for another lane, `meanwhile` may be called.
        """

    def close(self) -> None:
        """Let go of the database connection."""


def open_fence(engine: Engine, mailing_id: int, owner_id: int, token: str, limits: Limits | None = None) -> Fence:
    """The fence of one lane, on a database connection of its own. Where there are no limits, none are looked at."""
    if engine.dialect.name == "sqlite":
        from mailer.delivery.claims_sqlite import SqliteFence

        return SqliteFence(engine, mailing_id, owner_id, token, limits)
    from mailer.delivery.claims_postgresql import PostgresqlFence

    return PostgresqlFence(engine, mailing_id, owner_id, token, limits)
