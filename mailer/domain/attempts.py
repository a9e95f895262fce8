"""The log of attempts: every try to hand over a letter."""

from dataclasses import dataclass

from sqlalchemy import Select, or_, select

from mailer.domain.clients import contains
from mailer.models.mailings import Attempt, AttemptStatus, Mailing, Recipient


@dataclass(frozen=True)
class AttemptFilter:
    """Which attempts are looked for; what is empty does not matter."""

    mailing_id: int | None = None
    status: AttemptStatus | None = None
    address: str = ""


ALL_ATTEMPTS = AttemptFilter()


def attempts_of(owner_id: int, wanted: AttemptFilter = ALL_ATTEMPTS) -> Select[Attempt, Recipient, Mailing]:
    """The attempts of this owner's mailings, each with its recipient and its mailing."""
    attempts = (
        select(Attempt, Recipient, Mailing)
        .join(Recipient, Recipient.id == Attempt.recipient_id)
        .join(Mailing, Mailing.id == Attempt.mailing_id)
        .where(Mailing.owner_id == owner_id)
    )
    if wanted.mailing_id is not None:
        attempts = attempts.where(Attempt.mailing_id == wanted.mailing_id)
    if wanted.status is not None:
        attempts = attempts.where(Attempt.status == wanted.status)
    if wanted.address.strip():
        # The key has the domain in ASCII; a person may look for it in Cyrillic too.
        as_shown = Recipient.email.contains(wanted.address.strip().casefold(), autoescape=True)
        attempts = attempts.where(or_(contains(Recipient.email_key, wanted.address), as_shown))
    return attempts
