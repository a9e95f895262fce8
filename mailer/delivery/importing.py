"""Working through an uploaded file of clients, a batch at a time, each row once whoever else is at it."""

import logging
from collections.abc import Callable
from io import BytesIO

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from mailer.domain.clock import database_now
from mailer.domain.importing import NoEmailColumn, import_clients
from mailer.domain.imports import complete_import, count_batch, next_turn
from mailer.models.imports import ImportFailure
from mailer.models.transactions import begin_writing

logger = logging.getLogger(__name__)


def work_through(engine: Engine, import_id: int, wanted_elsewhere: Callable[[], bool]) -> bool:
    """Go on with this file until it is done; False when the worker was wanted elsewhere before.

    Each batch is one transaction that also moves the file's place on, so that a worker that is killed, or another
    one that came too, neither loses a row nor counts one twice.
    """
    with Session(engine) as session:
        turn = next_turn(session, import_id)
        session.rollback()
        if turn is None:
            return True
        file, rows_done = BytesIO(turn.content), turn.rows_done
        batches = import_clients(session, turn.owner_id, file, database_now(session), skip=rows_done)
        while True:
            session.rollback()
            if wanted_elsewhere():
                return False
            begin_writing(session)
            failure = None
            try:
                batch = next(batches, None)
            except NoEmailColumn:
                batch, failure = None, ImportFailure.NO_EMAIL_COLUMN
            if batch is None:
                complete_import(session, import_id, rows_done, database_now(session), failure)
                session.commit()
                return True
            if not count_batch(session, import_id, rows_done, batch, file.tell(), database_now(session)):
                logger.info("Another worker goes on with import %s.", import_id)
                return True
            session.commit()
            rows_done += batch.rows
