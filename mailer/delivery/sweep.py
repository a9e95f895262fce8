"""The end of lanes, dead ones above all: the token goes first, and with it everything that it held.

What was claimed is pending again; what was begun becomes unknown, because nobody can tell whether the server
took it. Any host can sweep for any other, and two sweeps at once do no harm: only the one that deleted the row
touches its recipients.
"""

import contextlib
import logging
import os
import signal
import time
from datetime import timedelta

from sqlalchemy import Engine, and_, delete, insert, select, update
from sqlalchemy.orm import Session

from mailer.delivery.compose import letter_id
from mailer.delivery.processes import ProcessIdentity
from mailer.domain.clock import database_now
from mailer.models.lanes import Lane
from mailer.models.mailings import Attempt, AttemptStatus, Recipient, RecipientState, Verdict
from mailer.models.statements import changed_rows
from mailer.models.transactions import AnySession, begin_writing

logger = logging.getLogger(__name__)

# A lane whose heartbeat is older than this has lost its right, whatever its process does.
DEAD_AFTER = timedelta(seconds=30)
# Time for two heartbeats, counted from when the database has certainly taken a write.
BREATH_SECONDS = 10


def sweep(engine: Engine) -> list[int]:
    """End all dead lanes; the mailings concerned. Waits BREATH_SECONDS where a lane is only silent."""
    return sweep_gone(engine) + sweep_silent(engine)


def sweep_gone(engine: Engine) -> list[int]:
    """End the lanes whose process is gone from this host, or stands still on it for too long; their mailings."""
    with Session(engine) as session:
        gone = [lane for lane in session.scalars(select(Lane)) if _is_gone(session, lane)]
    return _end(engine, gone)


def sweep_silent(engine: Engine) -> list[int]:
    """End the lanes whose heartbeat stopped, whatever the reason; the mailings concerned.

    While the database is away, full or locked, every heartbeat stops, and nobody is dead: so a silent lane gets
    BREATH_SECONDS to beat once more, from the moment at which the database takes a write again.
    """
    with Session(engine) as session:
        silent = [lane for lane in session.scalars(select(Lane)) if _is_silent(session, lane)]
    if not silent:
        return []
    _write_something(engine, silent[0])
    time.sleep(BREATH_SECONDS)
    with Session(engine) as session:
        beats = dict(session.execute(select(Lane.token, Lane.heartbeat_at)).all())
    return _end(engine, [lane for lane in silent if beats.get(lane.token) == lane.heartbeat_at])


def _end(engine: Engine, dead: list[Lane]) -> list[int]:
    ended = []
    for lane in dead:
        _kill_if_here(lane)
        with Session(engine) as session:
            begin_writing(session)
            # A lane that has found its breath since then is left alone.
            unchanged = (Lane.token == lane.token) & (Lane.heartbeat_at == lane.heartbeat_at)
            if changed_rows(session.execute(delete(Lane).where(unchanged))):
                _release(session, lane, "the worker was lost before the server answered")
                ended.append(lane.mailing_id)
            session.commit()
    return ended


def _write_something(engine: Engine, lane: Lane) -> None:
    """Change nothing, durably. Raises sqlalchemy.exc.DBAPIError while the database takes no writes."""
    with Session(engine) as session:
        begin_writing(session)
        session.execute(update(Lane).where(Lane.token == lane.token).values(host=Lane.host))
        session.commit()


def end_lane(session: AnySession, token: str, words: str) -> None:
    """Give up one lane of one's own; what it had begun and cannot answer for becomes unknown, with these words."""
    lane = session.get(Lane, token)
    if lane is not None and drop_lane(session, token):
        _release(session, lane, words)


def drop_lane(session: AnySession, token: str) -> bool:
    """Delete the row of a lane that holds nothing any more; False if a sweep was faster."""
    return bool(changed_rows(session.execute(delete(Lane).where(Lane.token == token))))


def _is_gone(session: AnySession, lane: Lane) -> bool:
    owner = _owner_of(lane)
    if not owner.is_on_this_host():
        return False
    # A stopped process may be what keeps the database from taking writes.
    return not owner.is_alive() or (owner.is_stopped() and _is_silent(session, lane))


def _is_silent(session: AnySession, lane: Lane) -> bool:
    return lane.heartbeat_at < database_now(session) - DEAD_AFTER


def _kill_if_here(lane: Lane) -> None:
    """A stopped process can hold SQLite's write lock, so it is killed before anything is written."""
    owner = _owner_of(lane)
    if owner.is_on_this_host() and owner.is_alive():
        logger.warning("Lane %s stopped beating, so its process %s is killed.", lane.token[:8], lane.pid)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(lane.pid, signal.SIGKILL)


def _owner_of(lane: Lane) -> ProcessIdentity:
    return ProcessIdentity(lane.host, lane.boot_id, lane.pid, lane.pid_began)


def _release(session: AnySession, lane: Lane, words: str) -> None:
    held = and_(Recipient.mailing_id == lane.mailing_id, Recipient.lane == lane.token)
    now = database_now(session)
    session.execute(
        update(Recipient)
        .where(held, Recipient.state == RecipientState.CLAIMED)
        .values(state=RecipientState.PENDING, lane=None, next_attempt_at=now, changed_at=now)
        .execution_options(synchronize_session=False)
    )
    # The lane stays on these rows: a late reply that bears its token may still settle them.
    unknown = session.execute(
        update(Recipient)
        .where(held, Recipient.state == RecipientState.BEGUN)
        .values(state=RecipientState.UNKNOWN, changed_at=now)
        .returning(Recipient.id, Recipient.round, Recipient.tries)
        .execution_options(synchronize_session=False)
    ).all()
    attempts = [
        {
            "mailing_id": lane.mailing_id,
            "recipient_id": row.id,
            "round": row.round,
            "attempted_at": now,
            "status": AttemptStatus.UNKNOWN,
            "verdict": Verdict.UNKNOWN,
            "reply": words,
            "letter_id": letter_id(lane.mailing_id, row.id, row.tries, lane.token, lane.letter_domain),
        }
        for row in unknown
    ]
    if attempts:
        session.execute(insert(Attempt), attempts)
