"""One RQ worker that outlives Redis and stops politely."""

import contextlib
import logging
import os
import signal
import time
from types import FrameType

from flask import Flask
from redis.client import Pipeline
from rq import Worker, worker_registration

from mailer.delivery.bell import NO_REDIS
from mailer.delivery.queues import IMPORTS, LANES, STARTS, redis_connection
from mailer.delivery.standstill import LookOut
from mailer.delivery.stopping import stop_on_sigterm
from mailer.extensions import db

logger = logging.getLogger(__name__)

# Short, so that the dashboard forgets a killed worker soon, and an idle one notices a vanished Redis.
WORKER_TTL_SECONDS = 60
RECONNECT_SECONDS = 1
LOOK_SECONDS = 0.2


class PoliteWorker(Worker):
    """Passes SIGTERM on to its work-horse, which finishes what it has begun."""

    max_connection_wait_time = 2.0
    is_stop_requested = False
    is_looking_out = False
    look_out = LookOut()

    def _shutdown(self) -> None:
        """Stop as RQ does, but not out of the look-out: that survives any exception, this one too."""
        if not self.is_looking_out:
            # RQ has left this method without types.
            super()._shutdown()  # type: ignore[no-untyped-call]

    def handle_warm_shutdown_request(self) -> None:
        PoliteWorker.is_stop_requested = True
        if self.horse_pid:
            _ask_to_stop(self.horse_pid)

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """Say everything again that Redis may have forgotten: a worker that it does not know gets no lane."""
        connection = self.connection if pipeline is None else pipeline
        connection.hset(self.key, mapping=self.serialize())
        worker_registration.register(self, pipeline)
        super().heartbeat(timeout, pipeline)
        self._look_out()

    def _look_out(self) -> None:
        was_stopping = PoliteWorker.is_stop_requested
        self.is_looking_out = True
        PoliteWorker.look_out.come_by()
        self.is_looking_out = False
        if PoliteWorker.is_stop_requested and not was_stopping:
            self._shutdown()

    def setup_work_horse_signals(self) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        stop_on_sigterm()


def work(app: Flask) -> None:
    """Work until SIGTERM or SIGINT; come back whenever Redis does.

    Raises mailer.delivery.queues.RedisNotConfigured.
    """
    # A work-horse shares no database connection with its parent: it would corrupt both.
    os.register_at_fork(after_in_child=lambda: db.engine.dispose(close=False))
    connection = redis_connection()
    _stop_between_workers()
    while not PoliteWorker.is_stop_requested:
        worker = None
        try:
            worker = PoliteWorker([STARTS, IMPORTS, LANES], connection=connection, worker_ttl=WORKER_TTL_SECONDS)
            worker.log_result_lifespan = False
            worker.work(logging_level="WARNING")
        except NO_REDIS as error:
            logger.warning("Redis does not answer (%s); the worker will try again.", error)
        except SystemExit:
            # A signal that came after RQ wrote the worker down and before RQ minds signals.
            _forget(worker)
            raise
        finally:
            _stop_between_workers()
        if worker is not None and worker.horse_pid:
            _see_horse_home(worker.horse_pid)
        if not PoliteWorker.is_stop_requested:
            time.sleep(RECONNECT_SECONDS)


def _stop_between_workers() -> None:
    """While no worker of RQ minds the signals, one of them ends the process."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise SystemExit

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


def _forget(worker: PoliteWorker | None) -> None:
    """Nobody shall believe for another minute that it lives."""
    if worker is not None:
        with contextlib.suppress(*NO_REDIS):
            # RQ has left this method without types.
            worker.register_death()  # type: ignore[no-untyped-call]


def _see_horse_home(horse_pid: int) -> None:
    """The worker lost Redis while its horse was at work: let it finish, for its work needs no Redis."""
    is_asked = False

    def ask(_signal: int, _frame: FrameType | None) -> None:
        PoliteWorker.is_stop_requested = True

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)
    while True:
        try:
            if os.waitpid(horse_pid, os.WNOHANG)[0]:
                return
        except ChildProcessError:
            return
        if PoliteWorker.is_stop_requested and not is_asked:
            is_asked = True
            _ask_to_stop(horse_pid)
        time.sleep(LOOK_SECONDS)


def _ask_to_stop(horse_pid: int) -> None:
    try:
        os.kill(horse_pid, signal.SIGTERM)
    except ProcessLookupError:
        logger.debug("The work-horse %s has already gone.", horse_pid)
