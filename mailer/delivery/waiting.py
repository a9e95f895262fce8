"""Who waits for a worker, as Redis tells it."""

from datetime import UTC, datetime, timedelta

from redis import Redis
from rq import Queue, Worker
from rq.exceptions import NoSuchJobError
from rq.job import Job

from mailer.delivery.bell import NO_REDIS
from mailer.delivery.queues import imports_queue, lanes_queue, redis_connection, starts_queue

# Another mailing's lane gets a worker after this long, a start at once.
LANE_PATIENCE = timedelta(seconds=5)
# Jobs looked at from the front of the queue; the oldest stand there.
LOOKED_AT = 20


def is_worker_wanted(connection: Redis, mailing_id: int) -> bool:
    """Whether a start or an import waits, or a lane of another mailing has waited long enough; False without Redis."""
    try:
        if is_start_waiting(connection) or len(imports_queue(connection)) > 0:
            return True
        return _other_lane_waits(lanes_queue(connection), mailing_id)
    except NO_REDIS:
        return False


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


def _other_lane_waits(queue: Queue, mailing_id: int) -> bool:
    waiting_since = datetime.now(UTC) - LANE_PATIENCE
    for job_id in queue.get_job_ids(0, LOOKED_AT):
        try:
            job = Job.fetch(job_id, connection=queue.connection)
        except NoSuchJobError:
            continue
        if job.args != (mailing_id,) and job.enqueued_at and job.enqueued_at.astimezone(UTC) < waiting_since:
            return True
    return False
