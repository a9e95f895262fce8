"""The start of a mailing, once, whoever asks for it."""

import logging
from datetime import datetime

from flask import current_app
from sqlalchemy.orm import Session

from mailer.delivery.links import are_links_refused, refusal
from mailer.delivery.notices import tell_owner_of_missed_window
from mailer.domain.audit import SCHEDULE, is_recorded, record
from mailer.domain.clock import database_now
from mailer.domain.progress import Start, claim_start
from mailer.extensions import db
from mailer.models.audit import Action
from mailer.models.mailings import Mailing
from mailer.models.transactions import begin_writing

logger = logging.getLogger(__name__)


def start_now(mailing_id: int) -> Start:
    """Start a mailing whose time has come and commit; tell its owner when its window was missed."""
    with Session(db.engine) as session:
        begin_writing(session)
        now = database_now(session)
        mailing = session.get(Mailing, mailing_id)
        if mailing is not None and mailing.end_time > now and are_links_refused(current_app.config):
            logger.error("Mailing %s is not started: %s", mailing_id, refusal(current_app.config))
            return Start.NOT_MINE
        start = claim_start(
            session, mailing_id, now, must_be_confirmed=current_app.config["REQUIRE_CONFIRMED_EMAIL"]
        )
        if start is Start.STARTED:
            record_unasked(session, mailing_id, now)
        session.commit()
    if start is Start.STARTED:
        logger.info("Mailing %s is started.", mailing_id)
    if start is Start.MISSED:
        logger.warning("Mailing %s was not started before its window was over; all its recipients expired.", mailing_id)
        tell_owner_of_missed_window(current_app.config, mailing_id)
    return start


def record_unasked(session: Session, mailing_id: int, now: datetime) -> None:
    """Write down that the schedule started a mailing, unless a person's word to start it is in the log already."""
    mailing = session.get_one(Mailing, mailing_id)
    if not is_recorded(session, Action.START, mailing):
        record(session, Action.START, SCHEDULE, now, mailing)
