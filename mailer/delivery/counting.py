"""How far a lane has come, counted where everything passes that it records."""

from collections import Counter

from mailer.delivery.claims import Fence, Turn, Wishes
from mailer.models.mailings import RecipientState


class CountingFence:
    """A fence that counts the answers of each turn by what became of the recipient: pending is tried again."""

    def __init__(self, fence: Fence) -> None:
        self.counts: Counter[RecipientState] = Counter()
        self._fence = fence

    def turn(self, wishes: Wishes) -> Turn:
        turn = self._fence.turn(wishes)
        self.counts.update(answer.outcome.state for answer in wishes.answers)
        return turn

    def close(self) -> None:
        self._fence.close()
