"""From what a server said of one try to what is recorded of it, and to when the recipient is tried again."""

import random

from mailer.delivery.claims import Answer, Claim
from mailer.delivery.outcomes import Outcome, given_up
from mailer.models.mailings import RecipientState

# A line that broke before the final dot says nothing about the recipient, so the retry is soon.
BROKEN_LINE_RETRY_SECONDS = 5
LONGEST_RETRY_SECONDS = 6 * 3600
# A letter put off as often as this, over more than a day, has failed.
MOST_TRIES = 10


def answer_to(
    claim: Claim,
    outcome: Outcome,
    code: int | None,
    words: str,
    *,
    letter_id: str | None,
    retry_delay: float,
    is_line_broken: bool = False,
) -> Answer:
    """What is recorded of a try. `retry_delay` are the seconds between the first try and the second."""
    retry = None
    if outcome.account_hold is not None:
        # The hold says when; whoever it happened to goes first then.
        retry = 0.0
    elif is_line_broken:
        retry = BROKEN_LINE_RETRY_SECONDS
    elif outcome.state is RecipientState.PENDING and claim.tries + 1 >= MOST_TRIES:
        outcome = given_up(outcome)
    elif outcome.state is RecipientState.PENDING:
        retry = outcome.retry_seconds or _retry_seconds(retry_delay, claim.tries)
    return Answer(claim.recipient_id, outcome, code, words, letter_id, retry)


def _retry_seconds(retry_delay: float, earlier_tries: int) -> float:
    """The delay doubles with each try, with jitter, so that retries do not come in one crowd."""
    delay: float = min(retry_delay * 2.0 ** min(earlier_tries, 16), LONGEST_RETRY_SECONDS)
    return delay * random.uniform(1.0, 1.2)
