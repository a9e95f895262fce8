"""Holds: stops with a reason, on a mailing or on the account that mail leaves through."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Select, exists, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload

from mailer.models.lanes import Hold, HoldKind
from mailer.models.mailings import Mailing
from mailer.models.transactions import AnySession
from mailer.models.users import Role, User

# The pauses after failures to reach the mail server; the last one repeats, and is short enough to be back
# within a minute of the server's return.
UNREACHABLE_PAUSES = (timedelta(seconds=5), timedelta(seconds=10), timedelta(seconds=20), timedelta(seconds=30))

LIFTED_BY_OWNER = (HoldKind.PAUSED, HoldKind.BAD_RESULTS, HoldKind.OWNER_BLOCKED, HoldKind.RESTORED)


def active_holds(now: datetime) -> Select[Hold]:
    """The holds in force now, of mailings and of the account."""
    return select(Hold).where(Hold.lifted_at.is_(None), or_(Hold.until.is_(None), Hold.until > now))


def holds_on_mailing(session: AnySession, mailing_id: int, now: datetime) -> list[Hold]:
    """What stops this mailing itself, and who placed it; the account's holds are another matter."""
    return holds_on_mailings(session, [mailing_id], now).get(mailing_id, [])


def holds_on_mailings(session: AnySession, mailing_ids: Collection[int], now: datetime) -> dict[int, list[Hold]]:
    """What stops each of these mailings itself, in one query; nothing for those that nothing stops."""
    of_mailings = active_holds(now).where(Hold.mailing_id.in_(mailing_ids)).options(joinedload(Hold.placed_by))
    holds: dict[int, list[Hold]] = {}
    for hold in session.scalars(of_mailings.order_by(Hold.id)):
        if hold.mailing_id is not None:
            holds.setdefault(hold.mailing_id, []).append(hold)
    return holds


def holds_on_account(session: AnySession, now: datetime) -> list[Hold]:
    """What stops all mail."""
    return list(session.scalars(active_holds(now).where(Hold.mailing_id.is_(None)).order_by(Hold.id)))


def hold_mailing(
    session: AnySession,
    mailing_id: int,
    kind: HoldKind,
    now: datetime,
    *,
    placed_by_id: int | None = None,
    reason: str = "",
) -> bool:
    """Stop everything of this mailing that has not begun; False if it is held so already.

    Nobody has placed what Mailer itself does.
    """
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
        .values(
            placed_at=now, reason=reason, code=code, until=until, failures=Hold.failures + 1,
            probe=None, probe_until=None,
        )
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


def resume_mailing(session: AnySession, mailing_id: int, now: datetime) -> bool:
    """The owner's word that a mailing may go on: False if nothing was theirs to lift.

    That is their own pause, Mailer's doubts, and what a block that is over has left behind.
    """
    return any([lift_hold(session, mailing_id, kind, now) for kind in LIFTED_BY_OWNER])


def lift_account_holds(session: AnySession, now: datetime) -> int:
    """End every hold on the account; how many there were."""
    lifted = session.execute(
        update(Hold)
        .where(Hold.mailing_id.is_(None), Hold.lifted_at.is_(None))
        # That another account works is nothing to be told about.
        .values(lifted_at=now, told_at=now)
        .returning(Hold.id)
    )
    return len(lifted.all())


def claim_untold_holds(session: AnySession, now: datetime) -> list[int]:
    """The account's holds that ended and of which nobody has been told; they count as told from now on.

    Of a server that could not be reached for a moment nothing is told.
    """
    ended = (
        update(Hold)
        .where(Hold.mailing_id.is_(None), Hold.lifted_at.is_not(None), Hold.told_at.is_(None))
        .values(told_at=now)
        .returning(Hold.id, Hold.kind, Hold.failures)
        .execution_options(synchronize_session=False)
    )
    return [
        row.id
        for row in session.execute(ended).all()
        if row.kind is not HoldKind.UNREACHABLE or row.failures > len(UNREACHABLE_PAUSES)
    ]


def concerned_by(hold: Hold) -> Select[str, str]:
    """Addresses and languages of the admins, and of the owners of mailings that a hold on the account kept waiting."""
    waited = exists().where(
        Mailing.owner_id == User.id,
        Mailing.started_at <= hold.lifted_at,
        or_(Mailing.completed_at.is_(None), Mailing.completed_at >= hold.placed_at),
    )
    concerned = or_(User.role == Role.ADMIN, waited)
    return select(User.email, User.language).where(concerned, User.blocked_at.is_(None)).order_by(User.id)


def _unlifted(session: AnySession, mailing_id: int | None, kind: HoldKind) -> Hold | None:
    return session.scalar(
        select(Hold)
        .where(Hold.mailing_id.is_not_distinct_from(mailing_id), Hold.kind == kind, Hold.lifted_at.is_(None))
    )
