"""A lane's row, which is its right to write, and the threads that keep it and look around while the lane lives."""

import contextlib
import logging
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator

from sqlalchemy import Engine, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from mailer.delivery.processes import ProcessIdentity
from mailer.delivery.sweep import drop_lane, end_lane
from mailer.domain.clock import database_now
from mailer.models.lanes import Lane
from mailer.models.mailings import Mailing, MailingStatus
from mailer.models.statements import changed_rows
from mailer.models.transactions import begin_writing

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 5
LOOK_SECONDS = 0.5
TELL_SECONDS = 3
MOST_LANES_OF_A_MAILING = 4


def lanes_wanted(worker_count: int, running_mailings: int) -> int:
    """How many lanes one mailing gets: the workers divided by the running mailings, from 1 to 4."""
    return max(1, min(MOST_LANES_OF_A_MAILING, worker_count // max(1, running_mailings)))


@contextlib.contextmanager
def lane_of(engine: Engine, mailing_id: int, worker_count: int, letter_domain: str) -> Iterator[str | None]:
    """Hold a lane of the mailing and give its token; None when it has as many lanes as it may have.

    At the end the row goes. A lane that failed has let go of nothing, so that is done for it.
    """
    token = _register(engine, mailing_id, worker_count, letter_domain)
    if token is None:
        yield None
        return
    try:
        yield token
    except BaseException:
        with Session(engine) as session:
            begin_writing(session)
            end_lane(session, token, "the worker ended before the server answered")
            session.commit()
        raise
    with Session(engine) as session:
        begin_writing(session)
        drop_lane(session, token)
        session.commit()


def _register(engine: Engine, mailing_id: int, worker_count: int, letter_domain: str) -> str | None:
    with Session(engine) as session:
        begin_writing(session)
        # Doubled jobs queue up behind this row, and see one another's lanes.
        mailing = session.scalar(select(Mailing).where(Mailing.id == mailing_id).with_for_update())
        if mailing is None or mailing.status is not MailingStatus.STARTED:
            return None
        running = select(func.count()).select_from(Mailing).where(Mailing.status == MailingStatus.STARTED)
        lanes = select(func.count()).select_from(Lane).where(Lane.mailing_id == mailing_id)
        if (session.scalar(lanes) or 0) >= lanes_wanted(worker_count, session.scalar(running) or 1):
            return None
        now, own, token = database_now(session), ProcessIdentity.own(), uuid.uuid4().hex
        session.execute(
            insert(Lane).values(
                token=token,
                mailing_id=mailing_id,
                host=own.host,
                boot_id=own.boot_id,
                pid=own.pid,
                pid_began=own.pid_began,
                letter_domain=letter_domain,
                started_at=now,
                heartbeat_at=now,
            )
        )
        # A worker has answered: the next ring may come when it is needed.
        mailing.rung_at = None
        session.commit()
        return token


class Heart(threading.Thread):
    """Keeps a lane's heartbeat. It does nothing else, so that nothing but the database can hold it up."""

    def __init__(self, engine: Engine, token: str) -> None:
        super().__init__(name=f"heart-{token[:8]}", daemon=True)
        self.is_lost = False
        self._engine = engine
        self._token = token
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(HEARTBEAT_SECONDS):
            self._beat()

    def end(self) -> None:
        self._over.set()
        self.join()

    def _beat(self) -> None:
        try:
            with Session(self._engine) as session:
                begin_writing(session)
                beat = update(Lane).where(Lane.token == self._token).values(heartbeat_at=database_now(session))
                if changed_rows(session.execute(beat)) != 1:
                    self.is_lost = True
                session.commit()
        except SQLAlchemyError as error:
            logger.warning("The heartbeat of lane %s was not kept: %s", self._token[:8], error)


class Watch(threading.Thread):
    """Looks for reasons to stop, beside the lane and never in its way, and tells how far the lane has come."""

    def __init__(
        self, engine: Engine, token: str, wanted_elsewhere: Callable[[], bool], tell: Callable[[], None]
    ) -> None:
        """`wanted_elsewhere` tells whether other work has a better claim on this worker; `tell` is called at times."""
        super().__init__(name=f"watch-{token[:8]}", daemon=True)
        self.is_parent_gone = False
        self.is_wanted_elsewhere = False
        self._heart = Heart(engine, token)
        self._wanted_elsewhere = wanted_elsewhere
        self._tell = tell
        self._parent = os.getppid()
        self._over = threading.Event()

    @property
    def is_lost(self) -> bool:
        """Whether the lane's row is gone, and its right with it."""
        return self._heart.is_lost

    def start(self) -> None:
        self._heart.start()
        super().start()

    def run(self) -> None:
        told_at = float("-inf")
        while not self._over.wait(LOOK_SECONDS):
            self.is_parent_gone = os.getppid() != self._parent
            self.is_wanted_elsewhere = self._wanted_elsewhere()
            if time.monotonic() - told_at >= TELL_SECONDS:
                told_at = time.monotonic()
                self._tell()

    def end(self) -> None:
        self._over.set()
        self._heart.end()
        self.join()
