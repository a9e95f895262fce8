"""The tick: it finds due mailings, dead lanes and lost rings in the database, and rings again.

Redis may lose everything at any moment; whatever it forgot is found here.
"""

import contextlib
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from flask import Flask, current_app
from sqlalchemy import ColumnElement, exists, func, or_, select, update
from sqlalchemy.orm import Session

from mailer.delivery.bell import NO_REDIS, ring_import, ring_lanes, ring_notice, ring_start, ring_tell
from mailer.delivery.delivering import settle
from mailer.delivery.lease import lanes_wanted
from mailer.delivery.queues import redis_connection
from mailer.delivery.sweep import sweep_gone, sweep_silent
from mailer.delivery.tallies import SWEPT_LANES, add_tallies
from mailer.delivery.waiting import count_waiting, count_workers
from mailer.domain.clock import database_now
from mailer.domain.confirmation import owner_may_start
from mailer.domain.holds import active_holds, claim_untold_holds
from mailer.domain.imports import note_ring, silent_imports
from mailer.domain.notices import due_notices
from mailer.domain.probation import waits_for_account
from mailer.domain.progress import first_claims
from mailer.extensions import db
from mailer.models.lanes import Hold, Lane
from mailer.models.mailings import Mailing, MailingStatus, Recipient, RecipientState
from mailer.models.notices import Notice
from mailer.models.transactions import begin_writing

logger = logging.getLogger(__name__)

TICK_SECONDS = 2
# A ring that no worker answered is repeated after this long; sooner when the queue has lost it.
RING_AGAIN_AFTER = timedelta(seconds=60)
LOST_RING_AFTER = timedelta(seconds=5)
# One lane more for every so many recipients who are due: a small mailing needs no second worker.
RECIPIENTS_PER_LANE = 200
NOTICES_PER_TICK = 100


def tick(app: Flask) -> None:
    """Put everything right that the database shows; each step on its own, so that one failure stops no other."""
    with app.app_context():
        for step in STEPS:
            try:
                step()
            except Exception:
                # The tick is the last resort of every mailing, so nothing may end it.
                logger.exception("The tick could not %s", step.__name__.replace("_", " "))


def end_gone_lanes() -> None:
    _forget_rings(sweep_gone(db.engine))


def end_silent_lanes() -> None:
    _forget_rings(sweep_silent(db.engine))


def settle_started() -> None:
    with Session(db.engine) as session:
        # Whoever is claimed or begun belongs to a lane. `settle` looks at every recipient before it completes.
        is_idle = ~exists().where(Lane.mailing_id == Mailing.id) & ~_awaits_retry() & ~_awaits_first_claim()
        over = select(Mailing.id).where(
            Mailing.status == MailingStatus.STARTED, or_(Mailing.end_time <= database_now(session), is_idle)
        )
        mailing_ids = session.scalars(over).all()
    for mailing_id in mailing_ids:
        settle(db.engine, mailing_id)


def ring_due_starts() -> None:
    with Session(db.engine) as session:
        now = database_now(session)
        may_start = owner_may_start(current_app.config["REQUIRE_CONFIRMED_EMAIL"])
        due = select(Mailing.id).where(
            Mailing.status == MailingStatus.CREATED,
            Mailing.start_time <= now,
            or_(Mailing.end_time <= now, ~_is_held(now, Hold.mailing_id == Mailing.id) & may_start),
            _may_ring(now),
        )
        mailing_ids = session.scalars(due.order_by(Mailing.start_time)).all()
    for mailing_id in mailing_ids:
        ring(mailing_id, partial(ring_start, mailing_id))


def ring_missing_lanes() -> None:
    with Session(db.engine) as session:
        now = database_now(session)
        waiting = select(Mailing.id).where(
            Mailing.status == MailingStatus.STARTED,
            Mailing.start_time <= now,
            Mailing.end_time > now,
            ~_is_held(now, Hold.mailing_id == Mailing.id),
            ~waits_for_account(now),
            or_(Mailing.wakes_at.is_(None), Mailing.wakes_at <= now),
            ~exists().where(Lane.mailing_id == Mailing.id),
            or_(_awaits_retry(Recipient.next_attempt_at <= now), _awaits_first_claim()),
            _may_ring(now),
        )
        mailing_ids = session.scalars(waiting.order_by(Mailing.start_time)).all()
    for mailing_id in mailing_ids:
        ring_lanes_of(mailing_id)


def ring_silent_imports() -> None:
    with Session(db.engine) as session:
        now = database_now(session)
        import_ids = silent_imports(session, now)
        session.rollback()
        for import_id in import_ids:
            if ring_import(import_id):
                begin_writing(session)
                note_ring(session, import_id, now)
                session.commit()


def ring_due_notices() -> None:
    with Session(db.engine) as session:
        now = database_now(session)
        is_unheard = or_(Notice.rung_at.is_(None), Notice.rung_at <= now - RING_AGAIN_AFTER)
        due = due_notices(now).where(is_unheard).order_by(Notice.id).limit(NOTICES_PER_TICK)
        notice_ids = session.scalars(due.with_only_columns(Notice.id)).all()
    for notice_id in notice_ids:
        if not ring_notice(notice_id):
            return
        with Session(db.engine) as session:
            begin_writing(session)
            session.execute(update(Notice).where(Notice.id == notice_id).values(rung_at=database_now(session)))
            session.commit()


def tell_of_ended_holds() -> None:
    with Session(db.engine) as session:
        begin_writing(session)
        hold_ids = claim_untold_holds(session, database_now(session))
        session.commit()
    for hold_id in hold_ids:
        ring_tell(hold_id)


def ring_lanes_of(mailing_id: int, *, is_first: bool = False) -> None:
    """Ring for as many lanes as the mailing may have and has work for."""
    with Session(db.engine) as session:
        running = select(func.count()).select_from(Mailing).where(Mailing.status == MailingStatus.STARTED)
        now = database_now(session)
        due = select(Recipient.id).where(
            Recipient.mailing_id == mailing_id,
            Recipient.state == RecipientState.PENDING,
            or_(Recipient.next_attempt_at.is_(None), Recipient.next_attempt_at <= now),
        )
        most = lanes_wanted(count_workers(), session.scalar(running) or 1)
        looked_at = due.limit(most * RECIPIENTS_PER_LANE).subquery()
        due_count = session.scalar(select(func.count()).select_from(looked_at)) or 0
    count = min(most, 1 + due_count // RECIPIENTS_PER_LANE)
    ring(mailing_id, partial(ring_lanes, mailing_id, count, is_first=is_first))


def ring(mailing_id: int, bell: Callable[[], bool]) -> None:
    """Ring, and leave the time of it, so that nobody rings again before an answer could have come."""
    if bell():
        with Session(db.engine) as session:
            begin_writing(session)
            session.execute(
                update(Mailing).where(Mailing.id == mailing_id).values(rung_at=database_now(session))
            )
            session.commit()


def _awaits_retry(*when: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(Recipient.mailing_id == Mailing.id, Recipient.next_attempt_at.is_not(None), *when)


def _awaits_first_claim() -> ColumnElement[bool]:
    return exists(
        first_claims()
        .where(Recipient.mailing_id == Mailing.id, Recipient.id > Mailing.claimed_up_to)
        .correlate(Mailing)
    )


def _forget_rings(mailing_ids: list[int]) -> None:
    """The rings of lanes that were swept were answered by workers who are no more."""
    if mailing_ids:
        _count_swept(len(mailing_ids))
    for mailing_id in mailing_ids:
        logger.warning("A dead lane of mailing %s was swept.", mailing_id)
        with Session(db.engine) as session:
            begin_writing(session)
            session.execute(update(Mailing).where(Mailing.id == mailing_id).values(rung_at=None))
            session.commit()


def _count_swept(lanes: int) -> None:
    with contextlib.suppress(*NO_REDIS):
        add_tallies(redis_connection(), {SWEPT_LANES: lanes})


def _may_ring(now: datetime) -> ColumnElement[bool]:
    try:
        patience = RING_AGAIN_AFTER if count_waiting() else LOST_RING_AFTER
    except NO_REDIS:
        patience = RING_AGAIN_AFTER
    return or_(Mailing.rung_at.is_(None), Mailing.rung_at <= now - patience)


def _is_held(now: datetime, by: ColumnElement[bool]) -> ColumnElement[bool]:
    """A mailing's own hold stops start and lanes alike; the account's stops lanes only (waits_for_account)."""
    holds = active_holds(now).where(by)
    return exists(holds.correlate(Mailing).with_only_columns(Hold.id))


STEPS = (
    end_gone_lanes,
    settle_started,
    ring_due_starts,
    ring_missing_lanes,
    ring_silent_imports,
    ring_due_notices,
    tell_of_ended_holds,
    # The last one may wait for a while.
    end_silent_lanes,
)
