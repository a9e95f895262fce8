"""What people sign in with: a new password, and an address that has been confirmed."""

from datetime import datetime

from sqlalchemy.exc import IntegrityError

from mailer.domain.accounts import new_session_token
from mailer.domain.addresses import address_key
from mailer.domain.errors import EmailTaken, LinkVoid
from mailer.domain.notices import void_links
from mailer.models.notices import Notice, NoticeKind
from mailer.models.transactions import AnySession
from mailer.models.users import User


def change_password(session: AnySession, user: User, password_hash: str, now: datetime) -> None:
    """A new password: it ends all sessions, and makes void the links of letters that could undo it."""
    user.password_hash = password_hash
    user.session_token = new_session_token()
    void_links(session, user, now, NoticeKind.RESET_PASSWORD, NoticeKind.NEW_ADDRESS)
    session.flush()


def confirm_address(session: AnySession, user: User, notice: Notice, now: datetime) -> str:
    """This letter has arrived, so its address is the user's from now on; the address that was before.

    Raises LinkVoid when the letter went to an address that counts no more, EmailTaken when somebody else has it now.
    """
    earlier = user.email
    if notice.kind is NoticeKind.CONFIRM_ADDRESS and notice.email != earlier:
        raise LinkVoid
    try:
        with session.begin_nested():
            user.email, user.email_key, user.confirmed_at = notice.email, address_key(notice.email), now
            session.flush()
    except IntegrityError as error:
        raise EmailTaken(notice.email) from error
    # Whoever reads the earlier mailbox shall do nothing with its letters any more.
    void_links(session, user, now, *NoticeKind)
    return earlier
