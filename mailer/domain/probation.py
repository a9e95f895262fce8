"""The way back after a hold on the account: one probe first, and everybody else when it has succeeded.

An account's hold is over only when it is lifted. When its time has come (or a person says "try now") one sender takes
the probe: a lane with one connection, or a letter of the system. Success lifts the hold; a failure renews it; a prober
that dies leaves the probe to the next.
"""

import enum
from datetime import datetime

from sqlalchemy import ColumnElement, Select, exists, or_, select, update
from sqlalchemy.orm import aliased

from mailer.models.lanes import Hold, HoldKind, Lane
from mailer.models.transactions import AnySession

# The server has let us in again: that is all these were about. Of the others only a letter that was taken is proof.
ENDED_BY_ANY_ANSWER = (HoldKind.UNREACHABLE, HoldKind.LOGIN_REFUSED, HoldKind.CERTIFICATE)


class Passage(enum.Enum):
    """Whether mail may leave through the account."""

    FREE = "free"
    PROBE = "one letter, to see"
    HELD = "held"


def pass_account(
    session: AnySession, token: str, now: datetime, *, probe_until: datetime | None = None
) -> Passage:
    """Ask for the way through the account, in a writing transaction that the caller commits.

    The token is a lane's, whose row must exist already; any other sender says by `probe_until` how long it may take.
    """
    holds = session.scalars(_unlifted().order_by(Hold.id).with_for_update()).all()
    if not holds:
        return Passage.FREE
    if any(_stops(session, hold, token, now) for hold in holds):
        return Passage.HELD
    for hold in holds:
        hold.probe, hold.probe_until = token, probe_until
    session.flush()
    return Passage.PROBE


def may_connect(session: AnySession, token: str, now: datetime) -> bool:
    """Whether this sender may open a connection at this moment: nothing holds the account, or the probe is its own."""
    stops = or_(Hold.until.is_(None), Hold.until > now, Hold.probe.is_distinct_from(token))
    return not session.scalar(select(_unlifted().where(stops).exists()))


def end_probation(session: AnySession, token: str, now: datetime, *, is_accepted: bool) -> bool:
    """The probe of this sender has got an answer that holds nothing against the account; True when no hold is left."""
    ended = update(Hold).where(
        Hold.mailing_id.is_(None), Hold.lifted_at.is_(None), Hold.probe == token, Hold.until <= now
    )
    if not is_accepted:
        ended = ended.where(Hold.kind.in_(ENDED_BY_ANY_ANSWER))
    session.execute(ended.values(lifted_at=now).execution_options(synchronize_session=False))
    return session.scalar(_unlifted().limit(1)) is None


def leave_probe(session: AnySession, token: str) -> None:
    """The probe of this sender has shown nothing either way: the next one may try."""
    session.execute(
        update(Hold)
        .where(Hold.probe == token, Hold.lifted_at.is_(None))
        .values(probe=None, probe_until=None)
        .execution_options(synchronize_session=False)
    )


def allow_probe(session: AnySession, now: datetime) -> int:
    """A person's "try now": the holds' time has come, and whoever sends next is the probe; how many holds there are."""
    ended = session.execute(
        update(Hold)
        .where(Hold.mailing_id.is_(None), Hold.lifted_at.is_(None))
        .values(until=now, probe=None, probe_until=None)
        .returning(Hold.id)
        .execution_options(synchronize_session=False)
    )
    return len(ended.all())


def waits_for_account(now: datetime) -> ColumnElement[bool]:
    """Whether the account is held, or somebody else's probe is under way; a condition for selects."""
    lane = aliased(Lane)
    is_probing = or_(exists().where(lane.token == Hold.probe), Hold.probe_until > now)
    return _unlifted().where(or_(Hold.until.is_(None), Hold.until > now, is_probing)).exists()


def _unlifted() -> Select[Hold]:
    return select(Hold).where(Hold.mailing_id.is_(None), Hold.lifted_at.is_(None))


def _stops(session: AnySession, hold: Hold, token: str, now: datetime) -> bool:
    if hold.until is None or hold.until > now:
        return True
    if hold.probe is None or hold.probe == token:
        return False
    if hold.probe_until is not None and hold.probe_until > now:
        return True
    return bool(session.scalar(select(exists().where(Lane.token == hold.probe))))
