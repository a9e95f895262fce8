"""Old attempts are deleted batch by batch, while mailings go on."""

import time
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from mailer.delivery.summing import sum_mailing
from mailer.domain.audit import COMMAND_LINE, record
from mailer.domain.clock import database_now
from mailer.domain.pruning import note_pruning, prunable_mailing_ids, prune_batch
from mailer.models.audit import Action
from mailer.models.transactions import begin_writing

BATCH = 1000
# SQLite has one writer at a time: after each batch the lanes get as long as it took, and at least this.
LEAST_PAUSE_SECONDS = 0.01


def prune_attempts(engine: Engine, before: datetime, told: Callable[[int], None] = lambda removed: None) -> int:
    """Forget the attempts of completed mailings from before this time; how many there were.

    Each batch is a transaction of its own, so it may be ended at any moment, and the next call does the rest.
    `told` hears after each batch how many have gone so far.
    """
    with Session(engine) as session:
        begin_writing(session)
        now = database_now(session)
        note_pruning(session, before, now)
        record(session, Action.PRUNE, COMMAND_LINE, now, note=f"{before:%F %T} UTC")
        session.commit()
        mailing_ids = prunable_mailing_ids(session, before)
    removed = 0
    for mailing_id in mailing_ids:
        after_id: int | None = 0
        removed_before = removed
        while after_id is not None:
            began_at = time.monotonic()
            with Session(engine) as session:
                begin_writing(session)
                batch = prune_batch(session, mailing_id, before, after_id, BATCH)
                session.commit()
            after_id, removed = batch.last_id, removed + batch.removed
            if batch.removed:
                told(removed)
                time.sleep(max(LEAST_PAUSE_SECONDS, time.monotonic() - began_at))
        if removed > removed_before:
            # The scheduler would do it too; but where it is not running, reports would read the rest of the rows.
            sum_mailing(engine, mailing_id)
    return removed
