"""What the RQ dashboard shows of a lane while it runs."""

import logging
from collections import Counter
from datetime import UTC, datetime

from redis import Redis
from rq.job import Job

from mailer.delivery.bell import NO_REDIS
from mailer.models.mailings import RecipientState

logger = logging.getLogger(__name__)

# In the order in which people ask. A lane records nothing else.
COUNTED = {
    RecipientState.ACCEPTED: "accepted",
    RecipientState.FAILED: "failed",
    RecipientState.UNKNOWN: "unknown",
    RecipientState.PENDING: "to be tried again",
}


def show_progress(connection: Redis, job: Job, mailing_id: int, counts: Counter[RecipientState]) -> None:
    """Write the lane's mailing and counts into its job, by which the dashboard describes it; nothing without Redis."""
    try:
        # A job that Redis has forgotten meanwhile is not to come back as a stump.
        if connection.exists(job.key):
            job.meta = {"mailing": mailing_id, "updated_at": f"{datetime.now(UTC):%F %T} UTC"} | {
                words: counts[state] for state, words in COUNTED.items()
            }
            # RQ has left this method without types.
            job.save_meta()  # type: ignore[no-untyped-call]
            connection.hset(job.key, "description", progress_words(mailing_id, counts))
    except NO_REDIS as error:
        logger.debug("The progress of mailing %s is not shown: %s", mailing_id, error)


def progress_words(mailing_id: int, counts: Counter[RecipientState]) -> str:
    """One line, for administrators: the mailing, and what this lane has recorded of it so far."""
    told = ", ".join(f"{counts[state]:,} {words}" for state, words in COUNTED.items() if counts[state])
    return f"deliver mailing {mailing_id}: {told or 'no answer yet'}"
