"""The scheduler process: rq-scheduler for the booked starts, and beside it the tick, which needs no Redis."""

import logging
import threading
import time

from flask import Flask
from rq_scheduler import Scheduler

from mailer.delivery.bell import NO_REDIS
from mailer.delivery.presence import say_that_scheduler_lives
from mailer.delivery.queues import STARTS, redis_connection
from mailer.delivery.reconcile import TICK_SECONDS, tick
from mailer.delivery.standstill import watch_standstill
from mailer.delivery.summing import watch_sums

logger = logging.getLogger(__name__)

POLL_SECONDS = 1
RECONNECT_SECONDS = 1


def schedule(app: Flask) -> None:
    """Run until SIGTERM or SIGINT (SystemExit); come back whenever Redis does.

    Raises mailer.delivery.queues.RedisNotConfigured.
    """
    connection = redis_connection()
    watch_standstill(app)
    watch_sums(app)
    threading.Thread(target=_tick_on, args=(app,), name="tick", daemon=True).start()
    while True:
        try:
            Scheduler(STARTS, connection=connection, interval=POLL_SECONDS).run()
        except NO_REDIS as error:
            logger.warning("Redis does not answer (%s); the scheduler will try again.", error)
        time.sleep(RECONNECT_SECONDS)


def _tick_on(app: Flask) -> None:
    while True:
        with app.app_context():
            say_that_scheduler_lives()
        tick(app)
        time.sleep(TICK_SECONDS)
