"""The sums of completed mailings, made in the background: never in a lane's turn, and not in the tick."""

import logging
import threading
import time

from flask import Flask
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from mailer.domain.summing import (
    SumsOverrun,
    close_sums,
    count_books,
    draw_ticket,
    mailings_to_sum,
    make_room,
    put_sums,
    sum_domains,
    sum_quarters,
    sum_replies,
)
from mailer.extensions import db
from mailer.models.sums import DomainSums, QuarterSums, ReplySums
from mailer.models.transactions import begin_writing

logger = logging.getLogger(__name__)

LOOK_SECONDS = 2
MAILINGS_PER_LOOK = 50


def watch_sums(app: Flask) -> None:
    """Make the sums of mailings as they complete, and anew when a late answer has changed them; in its own thread."""
    threading.Thread(target=_look_on, args=(app,), name="sums", daemon=True).start()


def _look_on(app: Flask) -> None:
    while True:
        time.sleep(LOOK_SECONDS)
        try:
            with app.app_context():
                sum_waiting(db.engine)
        except Exception:
            # The database may be away. Without sums reports are slower, and not wrong.
            logger.exception("The sums of completed mailings could not be made")


def sum_waiting(engine: Engine) -> int:
    """Make the sums of some of the mailings that have none; of how many. One that cannot be summed stops no other."""
    with Session(engine) as session:
        mailing_ids = mailings_to_sum(session, MAILINGS_PER_LOOK)
    count = 0
    for mailing_id in mailing_ids:
        try:
            count += sum_mailing(engine, mailing_id)
        except Exception:
            logger.exception("The sums of mailing %s could not be made", mailing_id)
    return count


def sum_mailing(engine: Engine, mailing_id: int) -> bool:
    """Make the sums of one completed mailing anew. False if it changed meanwhile or somebody else makes them.

    It may be ended at any moment: the mailing has no sums then, and its rows are counted until it has.
    """
    with Session(engine) as session:
        begin_writing(session)
        ticket = draw_ticket(session, mailing_id)
        session.commit()
    if ticket is None:
        return False
    try:
        _write_sums(engine, mailing_id, ticket)
    except SumsOverrun:
        return False
    return True


def _write_sums(engine: Engine, mailing_id: int, ticket: int) -> None:
    # What is read while another session writes is read in a transaction of its own.
    with Session(engine) as reading, Session(engine) as writing:
        begin_writing(writing)
        make_room(writing, mailing_id, ticket)
        writing.commit()
        for sums, counted in ((QuarterSums, sum_quarters), (DomainSums, sum_domains), (ReplySums, sum_replies)):
            for rows in counted(reading, mailing_id):
                begin_writing(writing)
                put_sums(writing, mailing_id, ticket, sums, rows)
                writing.commit()
            reading.rollback()
        books = count_books(reading, mailing_id)
        begin_writing(writing)
        close_sums(writing, mailing_id, ticket, books)
        writing.commit()
