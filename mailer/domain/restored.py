"""What a restored database must not do by itself: it does not know what has happened since the backup was made."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import joinedload

from mailer.domain.audit import COMMAND_LINE, record
from mailer.domain.holds import hold_mailing
from mailer.models.audit import Action, AuditEntry
from mailer.models.lanes import HoldKind
from mailer.models.mailings import Mailing, MailingStatus
from mailer.models.notices import Notice
from mailer.models.transactions import AnySession


@dataclass(frozen=True)
class Restored:
    """What was held; `as_of` is the time of the latest thing that the audit log knows of."""

    as_of: datetime | None
    mailings: int
    unknown: int


def hold_all_mailings(session: AnySession, now: datetime, *, unknown: int = 0) -> Restored:
    """Hold every mailing that could still write to somebody, until its owner says that it may go on.

    The started ones may have been completed since then, and any booked one may have been started by hand, whenever
    its time is: either would write to people a second time. The system's own letters that waited are given up.
    A hold's reason is the time as of which the database tells, for its words. The caller commits.
    """
    as_of = session.scalar(select(func.max(AuditEntry.happened_at)))
    reason = as_of.isoformat() if as_of else ""
    open_mailings = (
        select(Mailing)
        .where(Mailing.status != MailingStatus.COMPLETED)
        .options(joinedload(Mailing.message))
        .order_by(Mailing.id)
    )
    mailings = session.scalars(open_mailings).all()
    for mailing in mailings:
        if hold_mailing(session, mailing.id, HoldKind.RESTORED, now, reason=reason):
            record(session, Action.HOLD, COMMAND_LINE, now, mailing)
    session.execute(update(Notice).where(Notice.next_try_at.is_not(None)).values(next_try_at=None))
    return Restored(as_of, len(mailings), unknown)
