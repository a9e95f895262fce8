"""The attempts that a log is asked for, as conditions on selects: every try to hand over a letter."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, Select, or_, select

from mailer.domain.addresses import AddressRefused, address_key, domain_key, normal_address
from mailer.domain.clients import contains
from mailer.domain.reports import ALWAYS, Period
from mailer.models.mailings import Attempt, AttemptStatus, Mailing, MailingStatus, Recipient, Verdict

# What AttemptFilter.code says of attempts to which no server replied.
NO_CODE = 0
# From here on a code is a refusal; below it the letter was taken.
FIRST_REFUSAL = 400
# A late answer may come when its mailing is completed already.
LATENESS = timedelta(days=1)


@dataclass(frozen=True)
class AttemptFilter:
    """Which attempts are looked for; what is empty does not matter."""

    mailing_id: int | None = None
    status: AttemptStatus | None = None
    verdict: Verdict | None = None
    code: int | None = None
    domain: str = ""
    address: str = ""
    period: Period = ALWAYS

    @property
    def is_about_trouble(self) -> bool:
        """Whether accepted letters are left out, as they are of the indexes for such a search."""
        return (
            self.status not in (None, AttemptStatus.SUCCESS)
            or self.verdict not in (None, Verdict.ACCEPTED)
            or (self.code is not None and not self.is_code_of_success)
        )

    @property
    def is_code_of_success(self) -> bool:
        return self.code is not None and NO_CODE < self.code < FIRST_REFUSAL

    @property
    def is_about_recipients(self) -> bool:
        return bool(self.domain or self.address.strip())


ALL_ATTEMPTS = AttemptFilter()


def attempts_of(owner_id: int, wanted: AttemptFilter = ALL_ATTEMPTS) -> Select[Attempt, Recipient, Mailing]:
    """The attempts of this owner's mailings, each with its recipient and its mailing."""
    return (
        select(Attempt, Recipient, Mailing)
        .join(Recipient, Recipient.id == Attempt.recipient_id)
        .join(Mailing, Mailing.id == Attempt.mailing_id)
        .where(Mailing.owner_id == owner_id, *of_mailings(wanted), *of_attempts(wanted), *of_recipients(wanted))
    )


def of_mailings(wanted: AttemptFilter) -> list[ColumnElement[bool]]:
    """The mailings that may have such attempts."""
    conditions = [Mailing.status != MailingStatus.CREATED]
    if wanted.mailing_id is not None:
        conditions.append(Mailing.id == wanted.mailing_id)
    if wanted.period.ends_at is not None:
        conditions.append(Mailing.started_at < wanted.period.ends_at)
    if wanted.period.begins_at is not None:
        last = Mailing.completed_at
        conditions.append(or_(last.is_(None), last >= wanted.period.begins_at - LATENESS))
    return conditions


def of_attempts(wanted: AttemptFilter) -> list[ColumnElement[bool]]:
    """What the attempts themselves must be."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.is_about_trouble:
        # Said in the words of the indexes, so that the databases see that they may use them.
        conditions.append(Attempt.status != AttemptStatus.SUCCESS)
    if wanted.status is not None:
        conditions.append(Attempt.status == wanted.status)
    if wanted.verdict is not None:
        conditions.append(Attempt.verdict == wanted.verdict)
    if wanted.code is not None:
        conditions.append(Attempt.code.is_(None) if wanted.code == NO_CODE else Attempt.code == wanted.code)
    if wanted.period.begins_at is not None:
        conditions.append(Attempt.attempted_at >= wanted.period.begins_at)
    if wanted.period.ends_at is not None:
        conditions.append(Attempt.attempted_at < wanted.period.ends_at)
    return conditions


def of_recipients(wanted: AttemptFilter) -> list[ColumnElement[bool]]:
    """Whom the letters must have been for: anybody whose address contains what is looked for."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.domain:
        conditions.append(Recipient.email_key.endswith(f"@{domain_key(wanted.domain)}", autoescape=True))
    if wanted.address.strip():
        # The key has the domain in ASCII; a person may look for it in Cyrillic too.
        as_shown = Recipient.email.contains(wanted.address.strip().casefold(), autoescape=True)
        conditions.append(or_(contains(Recipient.email_key, wanted.address), as_shown))
    return conditions


def whole_address(text: str) -> str | None:
    """The key of what is looked for where that is a whole address."""
    try:
        return address_key(normal_address(text))
    except AddressRefused:
        return None
