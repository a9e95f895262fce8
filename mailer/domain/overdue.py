"""Mailings whose start nobody keeps: due for a while, held by nothing, and not started."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, func, select

from mailer.domain.confirmation import owner_may_start
from mailer.domain.holds import active_holds
from mailer.models.lanes import Hold
from mailer.models.mailings import Mailing, MailingStatus
from mailer.models.transactions import AnySession
from mailer.models.users import User

# A start takes moments; the tick repeats a ring that was lost after a minute at the latest.
PATIENCE = timedelta(minutes=1)


@dataclass(frozen=True)
class OverdueStarts:
    """How many mailings should have started more than a minute ago, and since when the oldest of them should have."""

    count: int
    since: datetime | None


def overdue_starts(session: AnySession, now: datetime, *, must_be_confirmed: bool) -> OverdueStarts:
    """The mailings of all owners that wait for nothing but us, in one query over the few that are due."""
    held = active_holds(now).where(Hold.mailing_id == Mailing.id).with_only_columns(Hold.id).correlate(Mailing)
    is_owner_blocked = exists().where(User.id == Mailing.owner_id, User.blocked_at.is_not(None))
    overdue = select(func.count(Mailing.id), func.min(Mailing.start_time)).where(
        Mailing.status == MailingStatus.CREATED,
        Mailing.start_time <= now - PATIENCE,
        ~exists(held),
        ~is_owner_blocked,
        owner_may_start(must_be_confirmed),
    )
    count, since = session.execute(overdue).one()
    return OverdueStarts(count, since)
