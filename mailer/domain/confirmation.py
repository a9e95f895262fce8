"""Where an installation asks for it, nobody starts a mailing before letters to their own address have arrived."""

from sqlalchemy import ColumnElement, exists, select, true

from mailer.domain.errors import AddressNotConfirmed
from mailer.models.mailings import Mailing
from mailer.models.transactions import AnySession
from mailer.models.users import User


def owner_may_start(must_be_confirmed: bool) -> ColumnElement[bool]:
    """For a select or an update of mailings: whether the owner has confirmed the address, if that is asked for."""
    if not must_be_confirmed:
        return true()
    return exists().where(User.id == Mailing.owner_id, User.confirmed_at.is_not(None)).correlate(Mailing)


def require_confirmed(session: AnySession, mailing: Mailing, must_be_confirmed: bool) -> None:
    """Raises AddressNotConfirmed when the owner has to confirm the address first."""
    may_start = select(Mailing.id).where(Mailing.id == mailing.id, owner_may_start(must_be_confirmed))
    if session.scalar(may_start) is None:
        raise AddressNotConfirmed
