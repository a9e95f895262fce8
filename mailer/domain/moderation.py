"""What managers and admins do to others: whom they see, and what they may stop."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, exists, func, insert, literal, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, contains_eager, defer, joinedload

from mailer.domain.accounts import new_session_token
from mailer.domain.booking import mailings_of
from mailer.domain.clients import contains
from mailer.domain.errors import AlreadyBlocked, NotBlocked, RoleTooHigh
from mailer.models.clients import Client
from mailer.models.lanes import Hold, HoldKind
from mailer.models.mailings import Mailing, MailingStatus
from mailer.models.messages import Message
from mailer.models.transactions import AnySession
from mailer.models.users import Role, User

MODERATORS = (Role.MANAGER, Role.ADMIN)

# Whom each role may block and unblock. An admin can be blocked by nobody: another admin takes the role away first,
# and the last one's cannot be taken, so that somebody can always sign in who unblocks.
BLOCKABLE: dict[Role, tuple[Role, ...]] = {
    Role.USER: (),
    Role.MANAGER: (Role.USER,),
    Role.ADMIN: (Role.USER, Role.MANAGER),
}


def visible_mailings(user: User) -> Select[Mailing]:
    """The mailings whose pages this user may see: a moderator everybody's, others their own."""
    if user.role in MODERATORS:
        return mailings_of_all()
    return mailings_of(user.id).options(joinedload(Mailing.owner))


def mailings_of_all(search: str = "") -> Select[Mailing]:
    """Everybody's mailings with names and owners; `search` looks through subjects and owners, in any case."""
    mailings = (
        select(Mailing)
        .join(Mailing.owner)
        .options(
            defer(Mailing.body), joinedload(Mailing.message).load_only(Message.subject), contains_eager(Mailing.owner)
        )
    )
    if search.strip():
        mailings = mailings.where(or_(contains(Mailing.search_key, search), contains(User.search_key, search)))
    return mailings


def is_disabled() -> ColumnElement[bool]:
    """Whether a mailing is disabled, as a condition on a select of mailings."""
    return exists().where(
        Hold.mailing_id == Mailing.id, Hold.kind == HoldKind.DISABLED, Hold.lifted_at.is_(None)
    )


def users(search: str = "") -> Select[User]:
    """Everybody who has an account; `search` looks through names and addresses, in any case."""
    everybody = select(User)
    return everybody.where(contains(User.search_key, search)) if search.strip() else everybody


@dataclass(frozen=True)
class Holdings:
    """How much a user has."""

    mailings: int = 0
    clients: int = 0


def holdings_of(session: AnySession, user_ids: Collection[int]) -> dict[int, Holdings]:
    """How many mailings and clients each of these users has, in two queries."""
    mailings = _counts(session, Mailing.owner_id, user_ids)
    clients = _counts(session, Client.owner_id, user_ids)
    return {user_id: Holdings(mailings.get(user_id, 0), clients.get(user_id, 0)) for user_id in user_ids}


def _counts(session: AnySession, owner: InstrumentedAttribute[int], user_ids: Collection[int]) -> dict[int, int]:
    rows = session.execute(select(owner, func.count()).where(owner.in_(user_ids)).group_by(owner)).all()
    return {user_id: count for user_id, count in rows}


def count_unfinished_mailings(session: AnySession, owner_id: int) -> int:
    """How many of the user's mailings are booked or under way."""
    unfinished = select(func.count()).where(Mailing.owner_id == owner_id, Mailing.status != MailingStatus.COMPLETED)
    return session.scalar(unfinished) or 0


def may_block(moderator: User, user: User) -> bool:
    """Whether the moderator's role reaches to this user."""
    return user.role in BLOCKABLE[moderator.role]


def block_user(session: AnySession, user_id: int, moderator: User, reason: str, now: datetime) -> None:
    """End the user's sessions, and hold every mailing of theirs that is booked or under way.

    Whatever the user starts, books or resumes at this moment comes before the block and is held by it, or after it
    and is refused (see require_unblocked). Raises RoleTooHigh or AlreadyBlocked.
    """
    blocked = session.execute(
        update(User)
        # The role is looked at in the statement itself, so that a promotion at the same moment is not passed over.
        .where(User.id == user_id, User.role.in_(BLOCKABLE[moderator.role]), User.blocked_at.is_(None))
        .values(blocked_at=now, blocked_reason=reason, session_token=new_session_token())
        .returning(User.id)
    )
    if blocked.first() is None:
        user = session.get_one(User, user_id, populate_existing=True)
        raise RoleTooHigh if not may_block(moderator, user) else AlreadyBlocked
    _hold_mailings(session, user_id, moderator.id, reason, now)


def _hold_mailings(session: AnySession, owner_id: int, placed_by_id: int, reason: str, now: datetime) -> None:
    theirs = select(Mailing.id).where(Mailing.owner_id == owner_id)
    # Those that an earlier block left behind have its reason.
    session.execute(
        update(Hold)
        .where(
            Hold.mailing_id.in_(theirs),
            Hold.kind == HoldKind.OWNER_BLOCKED,
            Hold.lifted_at.is_(None),
        )
        .values(lifted_at=now)
        .execution_options(synchronize_session=False)
    )
    rows = theirs.where(Mailing.status != MailingStatus.COMPLETED).add_columns(
        literal(HoldKind.OWNER_BLOCKED.value),
        literal(reason),
        literal(placed_by_id),
        literal(now, Hold.placed_at.type),
        literal(0),
    )
    # Locked, so that none of them is deleted before its hold is there.
    rows = rows.with_for_update(read=True, key_share=True)
    columns = ["mailing_id", "kind", "reason", "placed_by_id", "placed_at", "failures"]
    session.execute(insert(Hold).from_select(columns, rows, include_defaults=False))


def unblock_user(session: AnySession, user_id: int, moderator: User) -> None:
    """Let the user sign in again; the mailings stay held until the user resumes each.

    Raises RoleTooHigh or NotBlocked.
    """
    unblocked = session.execute(
        update(User)
        .where(User.id == user_id, User.role.in_(_unblockable(moderator)), User.blocked_at.is_not(None))
        .values(blocked_at=None, blocked_reason=None)
        .returning(User.id)
    )
    if unblocked.first() is None:
        user = session.get_one(User, user_id, populate_existing=True)
        raise RoleTooHigh if user.role not in _unblockable(moderator) else NotBlocked


def may_unblock(moderator: User, user: User) -> bool:
    """Whether the moderator may let this user in again."""
    return user.role in _unblockable(moderator)


def _unblockable(moderator: User) -> tuple[Role, ...]:
    # An admin may have made an admin of somebody who was blocked.
    return tuple(Role) if moderator.role is Role.ADMIN else BLOCKABLE[moderator.role]
