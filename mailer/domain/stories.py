"""One recipient's whole story: every try with its answer, and what else this owner has sent to the address."""

from sqlalchemy import Select, select

from mailer.domain.letters_by_address import went_to
from mailer.domain.moderation import visible_mailings
from mailer.domain.recipients import with_last_attempt
from mailer.models.clients import Suppression
from mailer.models.mailings import Attempt, Mailing, Recipient
from mailer.models.users import User


def recipients_in_sight(user: User) -> Select[Mailing, Recipient]:
    """The recipients whose letters this user may know of: a moderator everybody's, others those of their mailings."""
    return visible_mailings(user).join(Recipient, Recipient.mailing_id == Mailing.id).add_columns(Recipient)


def tries_of(recipient: Recipient) -> Select[Attempt]:
    """All tries to hand over this recipient's letter, in the order in which they were made."""
    return select(Attempt).where(Attempt.recipient_id == recipient.id).order_by(Attempt.id)


def suppressions_of_address(owner_id: int, email_key: str) -> Select[Suppression]:
    """Whoever said that this owner must not write to the address, lifted words included, in order."""
    entries = select(Suppression).where(Suppression.owner_id == owner_id, Suppression.email_key == email_key)
    return entries.order_by(Suppression.id)


def letters_to_address(owner_id: int, email_key: str) -> Select[Recipient, Attempt, Mailing]:
    """This owner's letters to the address, whoever had it on file, each with the latest attempt, or with none."""
    recipients = with_last_attempt(select(Recipient).where(went_to(owner_id, email_key)))
    return recipients.add_columns(Mailing).join(Mailing, Mailing.id == Recipient.mailing_id)
