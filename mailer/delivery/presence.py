"""Whether anybody is there to start mailings and to deliver them, as Redis tells it."""

import contextlib
from dataclasses import dataclass

from redis import Redis
from rq import Queue, Worker
from rq.job import Job

from mailer.delivery.bell import NO_REDIS
from mailer.delivery.queues import IMPORTS, LANES, STARTS, redis_connection

# A scheduler's sign of life, given with each tick; rq-scheduler's own lock is there for moments only. A tick may wait
# for a silent lane, and for a database that is locked.
SCHEDULER_KEY = "mailer:scheduler"
SIGN_LASTS_SECONDS = 60


@dataclass(frozen=True)
class Presence:
    """How many workers live, and whether a scheduler does: each says so itself, and is forgotten when it stops to."""

    workers: int
    has_scheduler: bool

    @property
    def is_complete(self) -> bool:
        return self.workers > 0 and self.has_scheduler


def presence(*, patience: float = 2.0) -> Presence | None:
    """Who lives now; None when Redis does not answer, and so cannot tell."""
    try:
        connection = redis_connection(patience=patience)
        has_scheduler = bool(connection.exists(SCHEDULER_KEY))
        # Redis forgets the key of a worker that is silent for long, and its name in the list only later.
        with connection.pipeline(transaction=False) as pipeline:
            for key in connection.smembers(Worker.redis_workers_keys):
                pipeline.exists(key)
            return Presence(sum(pipeline.execute()), has_scheduler)
    except NO_REDIS:
        return None


def say_that_scheduler_lives() -> None:
    """Give a scheduler's sign of life; another time if Redis does not answer."""
    with contextlib.suppress(*NO_REDIS):
        redis_connection().set(SCHEDULER_KEY, 1, ex=SIGN_LASTS_SECONDS)


@dataclass(frozen=True)
class QueueState:
    """How many jobs wait, and for how many seconds the one that is next has."""

    jobs: int
    oldest_seconds: float


def queue_states(connection: Redis, now: float) -> dict[str, QueueState]:
    """The queues by name at this time (seconds since 1970). Raises what redis raises when it does not answer."""
    return {name: _state_of(Queue(name, connection=connection), now) for name in (STARTS, IMPORTS, LANES)}


def _state_of(queue: Queue, now: float) -> QueueState:
    first = queue.get_job_ids(0, 1)
    jobs = Job.fetch_many(first, connection=queue.connection)
    enqueued = [job.enqueued_at.timestamp() for job in jobs if job is not None and job.enqueued_at is not None]
    return QueueState(len(queue), max((max(0.0, now - time) for time in enqueued), default=0.0))
