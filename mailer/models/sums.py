"""What completed mailings came to, counted once and kept, so that reports do not read every recipient and attempt."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from mailer.models.base import Base, BigId, long_text, stored_by_value
from mailer.models.mailings import AttemptStatus, Verdict

# The rows of a mailing lie together, and are read with one look for the first of them.
IN_ORDER = {"sqlite_with_rowid": False}


class MailingSums(Base):
    """The head of a mailing's sums, and its books. Only mailer.domain.sums says whether they count.

    The sums are as they should be while `summed_changes` equals `changes`, in the round they were made in. A trigger
    on recipients counts `changes` up when a late answer settles somebody who was unknown.
    """

    __tablename__ = "mailing_sums"

    mailing_id: Mapped[int] = mapped_column(BigId, ForeignKey("mailings.id", ondelete="CASCADE"), primary_key=True)
    round: Mapped[int]
    changes: Mapped[int]
    summed_changes: Mapped[int | None]
    summed_at: Mapped[datetime | None]
    accepted: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    unknown: Mapped[int] = mapped_column(default=0)
    suppressed: Mapped[int] = mapped_column(default=0)
    expired: Mapped[int] = mapped_column(default=0)


class _OfAttempts:
    """How many attempts there were of each status.

    `is_gone` are those whose rows are deleted: nobody can count them again, so they are kept apart from the rest.
    """

    success: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    deferred: Mapped[int] = mapped_column(default=0)
    unknown: Mapped[int] = mapped_column(default=0)


class QuarterSums(_OfAttempts, Base):
    """The attempts of one mailing within a quarter of an hour.

    A quarter is counted from the beginning of 1970 in UTC: the days of every time zone are made of whole ones.
    """

    __tablename__ = "quarter_sums"
    __table_args__ = (Index(None, "quarter"), IN_ORDER)

    mailing_id: Mapped[int] = mapped_column(BigId, ForeignKey("mailings.id", ondelete="CASCADE"), primary_key=True)
    is_gone: Mapped[bool] = mapped_column(primary_key=True)
    quarter: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class DomainSums(_OfAttempts, Base):
    """The attempts of one mailing at the addresses of one domain, in its ASCII form."""

    __tablename__ = "domain_sums"
    __table_args__ = (IN_ORDER,)

    mailing_id: Mapped[int] = mapped_column(BigId, ForeignKey("mailings.id", ondelete="CASCADE"), primary_key=True)
    is_gone: Mapped[bool] = mapped_column(primary_key=True)
    domain: Mapped[str] = mapped_column(String(255), primary_key=True)


class ReplySums(Base):
    """The attempts of one mailing that were answered alike (mailer.domain.replies).

    The `example` is one of the answers, without the address that it was about.
    """

    __tablename__ = "reply_sums"
    __table_args__ = (IN_ORDER,)

    mailing_id: Mapped[int] = mapped_column(BigId, ForeignKey("mailings.id", ondelete="CASCADE"), primary_key=True)
    is_gone: Mapped[bool] = mapped_column(primary_key=True)
    # From 1 on, in no order that means anything.
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    status: Mapped[AttemptStatus] = mapped_column(stored_by_value(AttemptStatus))
    verdict: Mapped[Verdict] = mapped_column(stored_by_value(Verdict))
    code: Mapped[int | None]
    words: Mapped[long_text]
    example: Mapped[long_text]
    attempts: Mapped[int]
