"""The start of a mailing, once, whoever asks for it."""

import logging

from flask import current_app
from sqlalchemy.orm import Session

from mailer.delivery.notices import tell_owner_of_missed_window
from mailer.domain.clock import database_now
from mailer.domain.progress import Start, claim_start
from mailer.extensions import db
from mailer.models.transactions import begin_writing

logger = logging.getLogger(__name__)


def start_now(mailing_id: int) -> Start:
    """Start a mailing whose time has come and commit; tell its owner when its window was missed."""
    with Session(db.engine) as session:
        begin_writing(session)
        start = claim_start(session, mailing_id, database_now(session))
        session.commit()
    if start is Start.STARTED:
        logger.info("Mailing %s is started.", mailing_id)
    if start is Start.MISSED:
        logger.warning("Mailing %s was not started before its window was over; all its recipients expired.", mailing_id)
        tell_owner_of_missed_window(current_app.config, mailing_id)
    return start
