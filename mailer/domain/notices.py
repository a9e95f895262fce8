"""The system's own letters to its users: written down with what they are about, tried until they leave, and the
links in them, each of which works once and not for long.
"""

import hashlib
import hmac
from datetime import datetime, timedelta

from sqlalchemy import Select, delete, or_, select, update

from mailer.domain.accounts import user_with_email
from mailer.domain.addresses import address_key
from mailer.domain.errors import LinkVoid
from mailer.models.notices import Notice, NoticeKind
from mailer.models.statements import changed_rows
from mailer.models.transactions import AnySession
from mailer.models.users import User

# How long a link works; a letter without one is not tried any longer than a day.
LIVES = {
    NoticeKind.RESET_PASSWORD: timedelta(hours=1),
    NoticeKind.CONFIRM_ADDRESS: timedelta(days=3),
    NoticeKind.NEW_ADDRESS: timedelta(days=1),
}
OTHER_LIFE = timedelta(days=1)

FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)


def write_notice(session: AnySession, kind: NoticeKind, user: User, now: datetime, email: str = "") -> Notice:
    """A letter that is due now, to the user's address unless another one is given. The caller commits, then rings."""
    return _add(session, kind, user.id, email or user.email, now)


def ask_for_reset(session: AnySession, email: str, now: datetime) -> Notice:
    """Somebody has forgotten the password to this address. Whose it is, if anybody's, is looked up when the letter
    is due, so that asking takes the same time for every address.
    """
    return _add(session, NoticeKind.RESET_PASSWORD, None, address_key(email), now)


def _add(session: AnySession, kind: NoticeKind, user_id: int | None, email: str, now: datetime) -> Notice:
    expires_at = now + LIVES.get(kind, OTHER_LIFE)
    notice = Notice(
        kind=kind, user_id=user_id, email=email, created_at=now, expires_at=expires_at, next_try_at=now, rung_at=now
    )
    session.add(notice)
    session.flush()
    return notice


def due_notices(now: datetime) -> Select[Notice]:
    """The letters that may be tried now."""
    return select(Notice).where(Notice.next_try_at <= now, Notice.expires_at > now)


def claim_notice(session: AnySession, notice_id: int, now: datetime) -> Notice | None:
    """Take a letter that is due for one try, and put the next one off; None when it is not due, or nobody's.

    The caller commits before it sends. Whoever is killed meanwhile leaves the letter to a later try, so it may
    arrive twice, and is never lost.
    """
    notice = session.scalar(due_notices(now).where(Notice.id == notice_id).with_for_update())
    if notice is None:
        return None
    if notice.user_id is None and not _find_owner(session, notice):
        session.execute(delete(Notice).where(Notice.id == notice_id))
        return None
    notice.next_try_at = now + min(FIRST_PAUSE * 2**notice.tries, LONGEST_PAUSE)
    notice.tries += 1
    notice.rung_at = None
    session.flush()
    return notice


def _find_owner(session: AnySession, notice: Notice) -> bool:
    """Give the letter to the account with this address; it goes to the address as the account has it."""
    user = user_with_email(session, notice.email)
    if user is None or not user.is_active:
        return False
    notice.user_id, notice.email = user.id, user.email
    return True


def mark_sent(session: AnySession, notice_id: int) -> None:
    """The mail server has the letter."""
    session.execute(update(Notice).where(Notice.id == notice_id).values(next_try_at=None))


def link_token(notice: Notice, key: str) -> str:
    """What stands in the letter's link: the row's number, and what only the owner of the key can work out.

    Nothing of it is stored, so whoever reads the database cannot follow the link.
    """
    created_at = notice.created_at.isoformat(timespec="microseconds")
    words = f"mailer link|{notice.kind.value}|{notice.id}|{notice.user_id}|{notice.email}|{created_at}"
    return f"{notice.id}-{hmac.new(key.encode(), words.encode(), hashlib.sha256).hexdigest()}"


def notice_behind(session: AnySession, token: str, key: str, now: datetime, *kinds: NoticeKind) -> Notice:
    """The letter of one of these kinds whose link was followed. Raises LinkVoid for one that is altered, expired or
    used, for one that a new password has made void, and for a user who is blocked.
    """
    number = token.partition("-")[0]
    if not (number.isascii() and number.isdecimal() and len(number) < 19):
        raise LinkVoid
    notice = session.get(Notice, int(number))
    if notice is None or notice.kind not in kinds or notice.user_id is None:
        raise LinkVoid
    if not hmac.compare_digest(link_token(notice, key).encode(), token.encode(errors="replace")):
        raise LinkVoid
    user = session.get(User, notice.user_id)
    if notice.used_at is not None or notice.expires_at <= now or user is None or not user.is_active:
        raise LinkVoid
    return notice


def use_link(session: AnySession, notice: Notice, now: datetime) -> None:
    """Follow the link, once, however many try at the same moment. Raises LinkVoid for all but the first."""
    used = session.execute(
        update(Notice).where(Notice.id == notice.id, Notice.used_at.is_(None)).values(used_at=now, next_try_at=None)
    )
    if changed_rows(used) != 1:
        raise LinkVoid


def void_links(session: AnySession, user: User, now: datetime, *kinds: NoticeKind) -> None:
    """The user's links of these kinds work no longer, those included that have only been asked for.

    Letters of these kinds that have not left do not leave any more.
    """
    is_theirs = or_(Notice.user_id == user.id, Notice.user_id.is_(None) & (Notice.email == user.email_key))
    open_links = select(Notice).where(is_theirs, Notice.kind.in_(kinds), Notice.used_at.is_(None))
    for notice in session.scalars(open_links.with_for_update()):
        notice.used_at, notice.next_try_at = now, None
    session.flush()


def awaited_address(session: AnySession, user: User, now: datetime) -> str | None:
    """The new address that the user has asked for and not confirmed yet."""
    asked = select(Notice.email).where(
        Notice.user_id == user.id,
        Notice.kind == NoticeKind.NEW_ADDRESS,
        Notice.used_at.is_(None),
        Notice.expires_at > now,
    )
    return session.scalar(asked.order_by(Notice.id.desc()).limit(1))


def is_same_address(one: str, other: str) -> bool:
    """Whether two spellings mean one mailbox."""
    return address_key(one) == address_key(other)
