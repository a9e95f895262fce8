"""Delivery within one process, without workers; Redis, if there is one, is only told what monitoring counts."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, or_, select
from sqlalchemy.orm import Session

from mailer.delivery.counting import LaneCounts
from mailer.delivery.delivering import deliver_mailing, settle
from mailer.delivery.lane import End
from mailer.delivery.queues import redis_connection
from mailer.delivery.starting import start_now
from mailer.delivery.sweep import sweep
from mailer.delivery.tallies import Teller
from mailer.domain.confirmation import owner_may_start
from mailer.domain.holds import active_holds
from mailer.models.lanes import Hold
from mailer.models.mailings import Mailing, MailingStatus

# What a lane may end with although more could be done in a moment.
GOES_ON = (End.DRY, End.LIMITED, None)


def due_mailings(session: Session, now: datetime, *, must_be_confirmed: bool = False) -> Iterator[Mailing]:
    """The mailings whose time has come and that have not been completed, but those that are held or may not start."""
    held = select(Hold.mailing_id).where(Hold.id.in_(active_holds(now).with_only_columns(Hold.id)))
    due = select(Mailing).where(
        Mailing.status != MailingStatus.COMPLETED,
        Mailing.start_time <= now,
        or_(Mailing.status == MailingStatus.STARTED, owner_may_start(must_be_confirmed)),
        Mailing.id.not_in(held.where(Hold.mailing_id.is_not(None))),
    )
    yield from session.scalars(due.order_by(Mailing.start_time, Mailing.id))


def deliver_here(engine: Engine, config: dict[str, Any], mailing_id: int) -> End | None:
    """Start the mailing if its time has come, and run one lane of it; how the lane ended."""
    connection, teller = redis_connection(patience=0.5) if config["REDIS_URL"] else None, Teller()

    def tell(counts: LaneCounts) -> None:
        if connection is not None:
            teller.tell(connection, counts.tallies())

    # What an earlier run of this host left behind when it was killed is put right first.
    sweep(engine)
    start_now(mailing_id)
    end = deliver_mailing(engine, config, mailing_id, worker_count=1, wanted_elsewhere=lambda: False, tell=tell)
    settle(engine, mailing_id)
    return end
