"""Whether what is due is being started, and a letter to the admins, once, when it is not.

Every process looks, because whoever is missing cannot tell: web servers and schedulers in a thread of their own, and
workers whenever they say that they live. A worker has no thread for it, which might hold a lock when it forks.
"""

import logging
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Flask, current_app
from sqlalchemy import delete, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from mailer.delivery.notices import send_notice
from mailer.delivery.presence import Presence, presence
from mailer.domain.clock import database_now
from mailer.domain.overdue import OverdueStarts, overdue_starts
from mailer.extensions import db
from mailer.models.statements import insert_into
from mailer.models.transactions import begin_writing
from mailer.models.users import Role, SharedSetting, User

logger = logging.getLogger(__name__)

LOOK_SECONDS = 15
# A restart takes moments: what lasts no longer is not worth a letter.
TELL_AFTER = timedelta(minutes=1)
# Whoever took it upon themselves to tell and has not by now is no more.
TELLING_TAKES = timedelta(minutes=10)

# The row about it: it is there while something stands still, and says how far the news of that has come.
SETTING = "STANDSTILL"
SEEN, TELLING, TOLD = "seen", "telling", "told"


@dataclass(frozen=True)
class Standing:
    """How things stand; `presence` is None while Redis does not answer."""

    overdue: OverdueStarts
    presence: Presence | None

    @property
    def is_well(self) -> bool:
        return not self.overdue.count and (self.presence is None or self.presence.is_complete)


def watch_standstill(app: Flask) -> None:
    """Look every quarter of a minute, in a thread of this process, for as long as it lives.

    Not where no Redis is used: there mailings are started by `flask send-mailings --here`, when somebody calls it.
    """
    if app.config["REDIS_URL"]:
        threading.Thread(target=_look_on, args=(app,), name="standstill", daemon=True).start()


def _look_on(app: Flask) -> None:
    while True:
        time.sleep(LOOK_SECONDS)
        with app.app_context():
            _look()


def _look() -> None:
    try:
        tell_of_standstill()
    except Exception:
        # Whatever goes wrong here must not end the look-out, and no worker.
        logger.exception("It could not be looked whether mailings start")


class LookOut:
    """The look-out of a process that has no thread to spare for it, and comes by now and then."""

    def __init__(self) -> None:
        self._looked_at = time.monotonic()

    def come_by(self) -> None:
        """Look, unless it is less than a quarter of a minute since the last time. Needs an application context."""
        if time.monotonic() - self._looked_at >= LOOK_SECONDS:
            self._looked_at = time.monotonic()
            _look()


def tell_of_standstill() -> int:
    """Look once, and write to the admins if it is time to; to how many. Of all who look at a time one tells."""
    try:
        with Session(db.engine) as session:
            standing = standing_now(session, database_now(session))
            begun = session.get(SharedSetting, SETTING)
        if standing.is_well and begun is None:
            return 0
        if not _is_mine_to_tell(standing):
            return 0
    except SQLAlchemyError as error:
        logger.warning("The database does not say whether mailings start: %s", error)
        return 0
    count = _tell_admins(standing)
    with Session(db.engine) as session:
        begin_writing(session)
        session.merge(
            SharedSetting(name=SETTING, value=TOLD if count else SEEN, updated_at=database_now(session))
        )
        session.commit()
    return count


def standing_now(session: Session, now: datetime) -> Standing:
    """How things stand, as database and Redis tell it."""
    overdue = overdue_starts(session, now, must_be_confirmed=current_app.config["REQUIRE_CONFIRMED_EMAIL"])
    return Standing(overdue, presence(patience=0.5))


def _is_mine_to_tell(standing: Standing) -> bool:
    """Note what was seen. True for the one who is to tell the admins."""
    with Session(db.engine) as session:
        begin_writing(session)
        now = database_now(session)
        if standing.is_well:
            session.execute(delete(SharedSetting).where(SharedSetting.name == SETTING))
            session.commit()
            return False
        first = insert_into(session, SharedSetting).values(name=SETTING, value=SEEN, updated_at=now)
        session.execute(first.on_conflict_do_nothing())
        row = session.scalars(select(SharedSetting).where(SharedSetting.name == SETTING).with_for_update()).one()
        is_mine = _is_time_to_tell(row, now)
        if is_mine:
            row.value, row.updated_at = TELLING, now
        session.commit()
        return is_mine


def _is_time_to_tell(row: SharedSetting, now: datetime) -> bool:
    patience = {SEEN: TELL_AFTER, TELLING: TELLING_TAKES}.get(row.value)
    return patience is not None and row.updated_at <= now - patience


def _tell_admins(standing: Standing) -> int:
    with Session(db.engine) as session:
        admins = select(User.email, User.language).where(User.role == Role.ADMIN, User.blocked_at.is_(None))
        readers = session.execute(admins.order_by(User.id)).all()
    config = current_app.config
    context = {"overdue": standing.overdue, "presence": standing.presence, "link": config["BASE_URL"]}
    logger.error("Mailings do not start: %s", standing)
    return sum(send_notice("standstill", email, config, language, **context) for email, language in readers)
