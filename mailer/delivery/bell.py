"""Ringing for workers. A ring that is lost costs time and nothing else: the reconciling tick rings again."""

import logging
import time
import uuid
from datetime import UTC, datetime

from redis.exceptions import RedisError
from rq import Queue
from rq_scheduler import Scheduler

from mailer.delivery.queues import (
    FAILED_JOB_SECONDS,
    START_TIMEOUT_SECONDS,
    STARTS,
    RedisNotConfigured,
    imports_queue,
    lanes_queue,
    redis_connection,
    starts_queue,
)

logger = logging.getLogger(__name__)

# Named by path: the jobs themselves ring, so importing them here would go in a circle.
START_JOB = "mailer.delivery.jobs.start_mailing"
DELIVER_JOB = "mailer.delivery.jobs.deliver"
IMPORT_JOB = "mailer.delivery.jobs.import_clients"
LETTER_JOB = "mailer.delivery.jobs.send_letter"
TELL_JOB = "mailer.delivery.jobs.tell_that_account_works"
PROBE_JOB = "mailer.delivery.jobs.probe_account"

NO_REDIS = (RedisError, RedisNotConfigured, OSError)


def book_start(mailing_id: int, start_time: datetime) -> bool:
    """Book the start with rq-scheduler, in place of an earlier booking; False when Redis does not answer.

    Call it after the commit. rq-scheduler wants naive times in UTC.
    """
    try:
        scheduler = Scheduler(STARTS, connection=redis_connection())
        scheduler.cancel(booking_id(mailing_id))
        scheduler.enqueue_at(
            start_time.astimezone(UTC).replace(tzinfo=None),
            START_JOB,
            mailing_id,
            job_id=booking_id(mailing_id),
            job_result_ttl=0,
            timeout=START_TIMEOUT_SECONDS,
            job_description=f"start mailing {mailing_id}",
        )
    except NO_REDIS as error:
        logger.warning("Redis does not answer, so the start of mailing %s waits for the tick: %s", mailing_id, error)
        return False
    return True


def cancel_bookings(*mailing_ids: int) -> None:
    """Forget booked starts; a start that comes all the same finds nothing to do."""
    try:
        scheduler = Scheduler(STARTS, connection=redis_connection())
        for mailing_id in mailing_ids:
            scheduler.cancel(booking_id(mailing_id))
    except NO_REDIS as error:
        logger.warning("Redis does not answer, so bookings of deleted mailings stay: %s", error)


def booking_id(mailing_id: int) -> str:
    return f"start-mailing-{mailing_id}"


def ring_start(mailing_id: int) -> bool:
    """Ask a worker to start this mailing now, if nobody has yet; False when Redis does not answer."""
    try:
        _ring(starts_queue(redis_connection()), START_JOB, mailing_id, booking_id(mailing_id), 1)
    except NO_REDIS as error:
        logger.warning("Redis does not answer, so the start of mailing %s waits: %s", mailing_id, error)
        return False
    return True


def ring_lanes(mailing_id: int, count: int = 1, *, is_first: bool = False) -> bool:
    """Ask for `count` lanes of this mailing, those that wait already included; False when Redis does not answer.

    The first lane of a mailing goes before those that have had their turn and wait for another.
    """
    try:
        _ring(
            lanes_queue(redis_connection()), DELIVER_JOB, mailing_id, lane_job_id(mailing_id), count, at_front=is_first
        )
    except NO_REDIS as error:
        logger.warning("Redis does not answer, so mailing %s waits: %s", mailing_id, error)
        return False
    return True


def ring_import(import_id: int) -> bool:
    """Ask a worker to work through this uploaded file, if nobody has yet; False when Redis does not answer."""
    try:
        _ring(imports_queue(redis_connection()), IMPORT_JOB, import_id, f"import-upload-{import_id}", 1)
    except NO_REDIS as error:
        logger.warning("Redis does not answer, so the import %s waits: %s", import_id, error)
        return False
    return True


def ring_notice(notice_id: int) -> bool:
    """Ask a worker to send one of the system's own letters; False when Redis does not answer, and it waits.

    It goes before all mailings. Whoever looks at the queue sees its number, and neither address nor link.
    """
    try:
        _ring(starts_queue(redis_connection()), LETTER_JOB, notice_id, f"send-notice-{notice_id}", 1)
    except NO_REDIS as error:
        logger.warning("Redis does not answer, so notice %s waits for the tick: %s", notice_id, error)
        return False
    return True


def ring_tell(hold_id: int) -> bool:
    """Have owners and admins told that a hold on the account is over; False when Redis does not answer."""
    return _ring_letter(TELL_JOB, hold_id, f"tell-of-hold-{hold_id}")


def ring_probe(user_id: int) -> bool:
    """Have the account tried with a letter to this admin; False when Redis does not answer."""
    return _ring_letter(PROBE_JOB, user_id, f"probe-account-{user_id}")


def _ring_letter(job: str, thing_id: int, name: str) -> bool:
    try:
        _ring(starts_queue(redis_connection()), job, thing_id, name, 1)
    except NO_REDIS as error:
        logger.warning("Redis does not answer, so a letter of the system is not sent: %s", error)
        return False
    return True


def _ring(queue: Queue, job: str, thing_id: int, name: str, count: int, *, at_front: bool = False) -> None:
    """Put as many jobs of this name into the queue as are missing there.

    Workers may be away for days, and the tick goes on ringing: a queue that took every ring would fill the memory.
    """
    waiting = sum(is_named(job_id, name) for job_id in queue.get_job_ids())
    for _ in range(count - waiting):
        queue.enqueue_call(
            job,
            args=(thing_id,),
            job_id=f"{name}-{uuid.uuid4().hex}",
            result_ttl=0,
            failure_ttl=FAILED_JOB_SECONDS,
            description=name.replace("-", " "),
            at_front=at_front,
        )


def lane_job_id(mailing_id: int) -> str:
    """How the ids of a mailing's lane jobs begin."""
    return f"deliver-mailing-{mailing_id}"


def is_named(job_id: str, name: str) -> bool:
    """Whether a job's id is this name, or the name with a number of its own."""
    return job_id == name or job_id.startswith(f"{name}-")


class _Pulse:
    """What Redis answered last, kept for a second, so that pages do not ask it each on its own."""

    checked_at = float("-inf")
    is_answering = False


def redis_answers() -> bool:
    """Whether Redis answers; asked at most once a second in each process."""
    if time.monotonic() - _Pulse.checked_at > 1:
        try:
            _Pulse.is_answering = bool(redis_connection(patience=0.5).ping())
        except NO_REDIS:
            _Pulse.is_answering = False
        _Pulse.checked_at = time.monotonic()
    return _Pulse.is_answering
