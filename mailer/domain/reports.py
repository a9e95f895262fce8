"""Reports: the books of the mailings that started within a period, and their sums."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select

from mailer.domain.booking import mailings_of
from mailer.domain.books import COUNTS, Books, books_counted
from mailer.models.mailings import Mailing, MailingStatus
from mailer.models.transactions import AnySession


@dataclass(frozen=True)
class Period:
    """From `begins_at` to before `ends_at`; an empty end is open."""

    begins_at: datetime | None = None
    ends_at: datetime | None = None


ALWAYS = Period()


def started_mailings_of(owner_id: int, period: Period) -> Select[Mailing]:
    """This owner's mailings that started within the period, completed ones included."""
    return started_within(mailings_of(owner_id), period)


def started_within(mailings: Select[Mailing], period: Period) -> Select[Mailing]:
    """Those of the mailings that started within the period, completed ones included."""
    mailings = mailings.where(Mailing.status != MailingStatus.CREATED)
    if period.begins_at is not None:
        mailings = mailings.where(Mailing.started_at >= period.begins_at)
    if period.ends_at is not None:
        mailings = mailings.where(Mailing.started_at < period.ends_at)
    return mailings


def with_recipients(mailings: Select[Mailing], count: str) -> Select[Mailing]:
    """Those of these started mailings that have recipients of one of the seven counts (mailer.domain.books)."""
    counted = books_counted(mailings)
    return mailings.where(Mailing.id.in_(select(counted.c.mailing_id).where(counted.c[count] > 0)))


def total_books(session: AnySession, mailings: Select[Mailing]) -> Books:
    """The books of all these mailings together."""
    counted = books_counted(mailings)
    sums = (func.coalesce(func.sum(counted.c[name]), 0) for name in COUNTS)
    return Books(*map(int, session.execute(select(*sums)).one()))
