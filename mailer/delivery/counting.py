"""How far a lane has come, counted where everything passes that it records."""

from collections import Counter
from collections.abc import Callable

from mailer.delivery.claims import Fence, Turn, Wishes
from mailer.delivery.tallies import ANSWER_BOUNDS, ANSWERS, LETTERS, Times
from mailer.models.mailings import RecipientState, Verdict


class LaneCounts:
    """What a lane has recorded so far; written by the lane, and read by whoever shows it."""

    def __init__(self) -> None:
        # What became of the recipients: pending are tried again.
        self.states: Counter[RecipientState] = Counter()
        # Those of the answers that were no acceptance.
        self.refusals: Counter[Verdict] = Counter()
        # From a letter's last bytes to the answer.
        self.answer_times = Times(ANSWERS, ANSWER_BOUNDS)

    def tallies(self) -> dict[str, float]:
        """The same for monitoring."""
        letters = {Verdict.ACCEPTED: self.states[RecipientState.ACCEPTED]} | self.refusals.copy()
        return {f"{LETTERS}|{verdict.value}": count for verdict, count in letters.items()} | self.answer_times.tallies()


class CountingFence:
    """A fence that counts the answers of each turn."""

    def __init__(self, fence: Fence, counts: LaneCounts) -> None:
        self._fence = fence
        self._counts = counts

    def turn(self, wishes: Wishes, meanwhile: Callable[[], None] = lambda: None) -> Turn:
        turn = self._fence.turn(wishes, meanwhile)
        self._counts.states.update(answer.outcome.state for answer in wishes.answers)
        self._counts.refusals.update(
            answer.outcome.verdict
            for answer in wishes.answers
            if answer.outcome.state is not RecipientState.ACCEPTED
        )
        return turn

    def close(self) -> None:
        self._fence.close()
