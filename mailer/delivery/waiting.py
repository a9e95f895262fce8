"""Who waits for a worker, as Redis tells it."""

import time

from redis import Redis
from rq import Worker

from mailer.delivery.bell import NO_REDIS, is_named, lane_job_id
from mailer.delivery.queues import imports_queue, lanes_queue, redis_connection, starts_queue

# Another mailing's lane gets a worker after so many seconds, a start at once.
LANE_PATIENCE_SECONDS = 5
# Jobs looked at from the front of the queue; the oldest stand there.
LOOKED_AT = 20


class Waiting:
    """What one lane sees of the queues while it works.

    It measures by its own watch how long the others have waited: a job says when it was put there by the clock of
    whichever host did that.
    """

    def __init__(self, connection: Redis, mailing_id: int) -> None:
        self._starts, self._imports = starts_queue(connection), imports_queue(connection)
        self._lanes = lanes_queue(connection)
        self._own = lane_job_id(mailing_id)
        self._seen_at: dict[str, float] = {}

    def is_worker_wanted(self) -> bool:
        """Whether a start or an import waits, or another mailing's lane has for long; False without Redis."""
        try:
            return len(self._starts) > 0 or len(self._imports) > 0 or self._has_other_lane_waited()
        except NO_REDIS:
            return False

    def _has_other_lane_waited(self) -> bool:
        now = time.monotonic()
        others = [job_id for job_id in self._lanes.get_job_ids(0, LOOKED_AT) if not is_named(job_id, self._own)]
        self._seen_at = {job_id: self._seen_at.get(job_id, now) for job_id in others}
        return any(now - seen_at > LANE_PATIENCE_SECONDS for seen_at in self._seen_at.values())


def is_start_waiting(connection: Redis) -> bool:
    """Whether a start waits, before which an import gives its worker up; False without Redis."""
    try:
        return len(starts_queue(connection)) > 0
    except NO_REDIS:
        return False


def count_workers() -> int:
    """How many workers live; 1 without Redis."""
    try:
        return max(1, len(Worker.all(connection=redis_connection())))
    except NO_REDIS:
        return 1


def count_waiting() -> int:
    """How many rings nobody has answered yet. Raises what redis raises when it does not answer."""
    connection = redis_connection()
    return len(starts_queue(connection)) + len(lanes_queue(connection))
