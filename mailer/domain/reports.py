"""Reports: the books of the mailings that started within a period, and their sums."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select

from mailer.domain.booking import mailings_of
from mailer.domain.books import COUNTED_AS, Books
from mailer.models.mailings import Mailing, MailingStatus, Recipient
from mailer.models.transactions import AnySession


@dataclass(frozen=True)
class Period:
    """From `begins_at` to before `ends_at`; an empty end is open."""

    begins_at: datetime | None = None
    ends_at: datetime | None = None


ALWAYS = Period()


def started_mailings_of(owner_id: int, period: Period) -> Select[Mailing]:
    """This owner's mailings that started within the period, completed ones included."""
    mailings = mailings_of(owner_id).where(Mailing.status != MailingStatus.CREATED)
    if period.begins_at is not None:
        mailings = mailings.where(Mailing.started_at >= period.begins_at)
    if period.ends_at is not None:
        mailings = mailings.where(Mailing.started_at < period.ends_at)
    return mailings


def total_books(session: AnySession, mailings: Select[Mailing]) -> Books:
    """The books of all these mailings together."""
    ids = mailings.with_only_columns(Mailing.id)
    rows = session.execute(
        select(Recipient.state, func.count()).where(Recipient.mailing_id.in_(ids)).group_by(Recipient.state)
    ).all()
    counts: dict[str, int] = {}
    for state, count in rows:
        counts[COUNTED_AS[state]] = counts.get(COUNTED_AS[state], 0) + count
    return Books(**counts)
