"""The end of an account, with everything that belongs to it."""

from sqlalchemy import delete, select

from mailer.domain.accounts import is_last_admin
from mailer.domain.deleting import require_no_answers, throw_away
from mailer.domain.errors import LastAdmin, StillSending
from mailer.models.clients import Client
from mailer.models.mailings import Mailing, MailingStatus
from mailer.models.messages import Message
from mailer.models.transactions import AnySession
from mailer.models.users import User


def delete_account(session: AnySession, user: User) -> list[int]:
    """Delete a user with all clients, messages and mailings; the booked mailings, whose starts are void now.

    Raises LastAdmin, and StillSending while one of the mailings is under way: its owner finishes it first, so that
    the books of what was sent are closed by a person and not by the way.
    """
    if is_last_admin(session, user.id):
        raise LastAdmin
    # The rows are locked, so that no start comes in between.
    mailings = select(Mailing.id, Mailing.status).where(Mailing.owner_id == user.id)
    require_no_answers(session, session.scalars(mailings).all())
    statuses = {mailing_id: status for mailing_id, status in session.execute(mailings.with_for_update())}
    if MailingStatus.STARTED in statuses.values():
        raise StillSending
    # Mailings go first: those that are booked would not let their messages go.
    throw_away(session, list(statuses))
    for owned in (Message, Client):
        session.execute(delete(owned).where(owned.owner_id == user.id))
    session.execute(delete(User).where(User.id == user.id))
    session.expunge(user)
    return [mailing_id for mailing_id, status in statuses.items() if status is MailingStatus.CREATED]
