"""Accounts of people: registration, the check of a password, and the session that follows."""

import secrets
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from mailer.domain.addresses import address_key
from mailer.domain.errors import EmailTaken, LastAdmin, OwnerBlocked, RegistrationClosed
from mailer.models.statements import insert_into
from mailer.models.transactions import AnySession
from mailer.models.users import Installation, Role, User


def register(
    session: AnySession,
    email: str,
    password_hash: str,
    now: datetime,
    role: Role | None = None,
    *,
    is_open: bool = True,
    is_confirmed: bool = False,
) -> User:
    """Add an account. Without a role the very first one becomes admin, however many register at once; others users.

    The hash comes from passwords.hash_password, called before the transaction. With `is_confirmed` somebody answers
    for the address, and no letter need ask whether it is right.
    Raises EmailTaken and, where registration is not open, RegistrationClosed for everybody but the very first.
    """
    user = User(
        email=email,
        email_key=address_key(email),
        password_hash=password_hash,
        role=role or Role.USER,
        session_token=new_session_token(),
        created_at=now,
        confirmed_at=now if is_confirmed else None,
    )
    try:
        with session.begin_nested():
            session.add(user)
            session.flush()
    except IntegrityError as error:
        raise EmailTaken(email) from error
    is_first = _opens_installation(session, user, now)
    if is_first and role is None:
        user.role = Role.ADMIN
    elif not is_first and not is_open:
        raise RegistrationClosed
    session.flush()
    return user


def new_session_token() -> str:
    """A token that no session holds yet: given to a user, it ends all of the sessions that the user has."""
    return secrets.token_urlsafe(32)


def _opens_installation(session: AnySession, user: User, now: datetime) -> bool:
    """Whether this user inserted the only row of the installation; a second inserter waits and gets no."""
    row = insert_into(session, Installation).values(id=1, first_admin_id=user.id, created_at=now)
    inserted = session.execute(row.on_conflict_do_nothing().returning(Installation.id))
    return inserted.first() is not None


def has_accounts(session: AnySession) -> bool:
    """Whether anybody has registered here yet."""
    return session.scalar(select(User.id).limit(1)) is not None


def user_with_email(session: AnySession, email: str) -> User | None:
    """The account with this address, in any spelling; None also for what is no address at all."""
    try:
        key = address_key(email.strip())
    except ValueError:
        return None
    return session.scalar(select(User).where(User.email_key == key))


def user_of_session(session: AnySession, session_id: str) -> User | None:
    """The user of a session that is still good: the token agrees and the user is not blocked."""
    user_id, _, token = session_id.partition(".")
    if not user_id.isdecimal():
        return None
    user = session.get(User, int(user_id))
    if user is None or user.blocked_at is not None or not secrets.compare_digest(user.session_token, token):
        return None
    return user


def require_unblocked(session: AnySession, user_id: int) -> None:
    """Raise OwnerBlocked for a blocked user.

    Until the transaction ends nobody can block this user: whoever starts, resumes or books a mailing asks here first,
    so that a block either sees what was done or comes before it.
    """
    blocked_at = session.execute(select(User.blocked_at).where(User.id == user_id).with_for_update(read=True)).scalar()
    if blocked_at is not None:
        raise OwnerBlocked


def is_last_admin(session: AnySession, user_id: int) -> bool:
    """Whether this is the only admin who can sign in; ask before a demotion or a deletion.

    The admins' rows stay locked until the transaction ends, so that of two admins who leave at once one is refused.
    """
    admins = select(User.id).where(User.role == Role.ADMIN, User.blocked_at.is_(None))
    return list(session.scalars(admins.order_by(User.id).with_for_update())) == [user_id]


def change_role(session: AnySession, user_id: int, role: Role) -> None:
    """Give a user another role. Raises LastAdmin for the only admin who can sign in."""
    if role is not Role.ADMIN and is_last_admin(session, user_id):
        raise LastAdmin
    session.execute(update(User).where(User.id == user_id).values(role=role))
