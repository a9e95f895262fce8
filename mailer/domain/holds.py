"""Holds: stops with a reason, on a mailing or on the account that mail leaves through."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Select, or_, select, update
from sqlalchemy.exc import IntegrityError

from mailer.models.lanes import Hold, HoldKind
from mailer.models.transactions import AnySession

# The pauses after failures to reach the mail server; the last one repeats, and is short enough to be back
# within a minute of the server's return.
UNREACHABLE_PAUSES = (timedelta(seconds=5), timedelta(seconds=10), timedelta(seconds=20), timedelta(seconds=30))


def active_holds(now: datetime) -> Select[Hold]:
    """The holds in force now, of mailings and of the account."""
    return select(Hold).where(Hold.lifted_at.is_(None), or_(Hold.until.is_(None), Hold.until > now))


def holds_on_mailing(session: AnySession, mailing_id: int, now: datetime) -> list[Hold]:
    """What stops this mailing itself; the account's holds are another matter."""
    return list(session.scalars(active_holds(now).where(Hold.mailing_id == mailing_id).order_by(Hold.id)))


def holds_on_mailings(session: AnySession, mailing_ids: Collection[int], now: datetime) -> dict[int, list[Hold]]:
    """What stops each of these mailings itself, in one query; nothing for those that nothing stops."""
    holds: dict[int, list[Hold]] = {}
    for hold in session.scalars(active_holds(now).where(Hold.mailing_id.in_(mailing_ids)).order_by(Hold.id)):
        if hold.mailing_id is not None:
            holds.setdefault(hold.mailing_id, []).append(hold)
    return holds


def holds_on_account(session: AnySession, now: datetime) -> list[Hold]:
    """What stops all mail."""
    return list(session.scalars(active_holds(now).where(Hold.mailing_id.is_(None)).order_by(Hold.id)))


def hold_mailing(
    session: AnySession, mailing_id: int, kind: HoldKind, now: datetime, *, placed_by_id: int, reason: str = ""
) -> bool:
    """Stop everything of this mailing that has not begun; False if it is held so already."""
    try:
        with session.begin_nested():
            session.add(Hold(mailing_id=mailing_id, kind=kind, reason=reason, placed_by_id=placed_by_id, placed_at=now))
            session.flush()
    except IntegrityError:
        return False
    return True


def hold_account(
    session: AnySession, kind: HoldKind, now: datetime, *, reason: str, code: int | None, until: datetime | None
) -> None:
    """Stop all mail; a hold of the same kind is renewed and counts one failure more."""
    renewal = (
        update(Hold)
        .where(Hold.mailing_id.is_(None), Hold.kind == kind, Hold.lifted_at.is_(None))
        .values(placed_at=now, reason=reason, code=code, until=until, failures=Hold.failures + 1)
        .returning(Hold.id)
    )
    if session.execute(renewal).first() is not None:
        return
    try:
        with session.begin_nested():
            session.add(Hold(kind=kind, failures=1, placed_at=now, reason=reason, code=code, until=until))
            session.flush()
    except IntegrityError:
        # Another lane met the same failure at the same moment; its hold says all there is to say.
        return


def hold_unreachable(session: AnySession, now: datetime, *, reason: str, code: int | None) -> None:
    """Stop all mail for a pause that grows while the mail server cannot be reached."""
    earlier = _unlifted(session, None, HoldKind.UNREACHABLE)
    pause = UNREACHABLE_PAUSES[min(earlier.failures if earlier else 0, len(UNREACHABLE_PAUSES) - 1)]
    hold_account(session, HoldKind.UNREACHABLE, now, reason=reason, code=code, until=now + pause)


def lift_hold(session: AnySession, mailing_id: int | None, kind: HoldKind, now: datetime) -> bool:
    """End a hold; False if there was none."""
    lifted = session.execute(
        update(Hold)
        .where(Hold.mailing_id.is_not_distinct_from(mailing_id), Hold.kind == kind, Hold.lifted_at.is_(None))
        .values(lifted_at=now)
        .returning(Hold.id)
    )
    return lifted.first() is not None


def lift_account_holds(session: AnySession, now: datetime) -> int:
    """End every hold on the account; how many there were."""
    lifted = session.execute(
        update(Hold)
        .where(Hold.mailing_id.is_(None), Hold.lifted_at.is_(None))
        .values(lifted_at=now)
        .returning(Hold.id)
    )
    return len(lifted.all())


def _unlifted(session: AnySession, mailing_id: int | None, kind: HoldKind) -> Hold | None:
    return session.scalar(
        select(Hold)
        .where(Hold.mailing_id.is_not_distinct_from(mailing_id), Hold.kind == kind, Hold.lifted_at.is_(None))
    )
