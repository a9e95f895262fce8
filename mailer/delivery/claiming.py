"""How many recipients a lane claims at its next turn, and from where on."""

import time

from mailer.delivery.claims import Turn

# Claims beyond one for each connection: as many as are begun within about this time, and at most so many.
CLAIMS_LAST_SECONDS = 1
MOST_AHEAD = 200
# When nobody is left to claim, others may still come back from other lanes or fall due.
DRY_SECONDS = 0.5
LONGEST_DRY_SECONDS = 10.0


class Claiming:
    """What a lane has learned from its turns: how fast claims go, how far they have come, and what limits leave."""

    def __init__(self) -> None:
        # Recipients who were never claimed are looked for beyond this id.
        self.after = 0
        self._ahead = 0
        self._claimed_at = float("-inf")
        self._dry_until = 0.0
        self._dry_seconds = DRY_SECONDS
        # Unless the last one has found that the account's limits leave no room for claims.
        self.is_worth_a_turn = True
        # What the account's limits leave, and when there is more; None without limits.
        self._left: int | None = None
        self._more_at = 0.0

    @property
    def is_dry(self) -> bool:
        """Nobody was left to claim a moment ago."""
        return time.monotonic() < self._dry_until

    def wanted(self, lacking: int, not_begun: int) -> int:
        """How many to claim: what the connections lack, and some ahead, where it goes fast and the limits allow it.

        `not_begun` are the claims that the lane holds and has not begun.
        """
        if lacking <= 0 or self.is_dry:
            return 0
        wanted = lacking + self._ahead
        if self._left is None:
            return wanted
        left = self._left if self._left or time.monotonic() < self._more_at else 1
        return min(wanted, max(0, left - not_begun))

    def learn(self, asked: int, turn: Turn) -> None:
        """Take to heart what came of a turn that was asked for so many claims."""
        if asked:
            self._mind_the_pace()
        self._left = turn.left
        if turn.more_in is not None:
            self._more_at = time.monotonic() + turn.more_in
        possible = asked if turn.room is None else min(asked, turn.room)
        self.is_worth_a_turn = possible > 0 or turn.room is None
        if possible or turn.room is None:
            self._mind_the_end(possible, turn)

    def _mind_the_pace(self) -> None:
        """Claim further ahead while claims are used up within a second, and less far where they last longer.

        A turn that claims costs more than one that does not; but whoever waits here is kept from other lanes.
        """
        now = time.monotonic()
        is_fast = now - self._claimed_at < CLAIMS_LAST_SECONDS
        self._ahead = min(2 * self._ahead + 1, MOST_AHEAD) if is_fast else self._ahead // 2
        self._claimed_at = now

    def _mind_the_end(self, possible: int, turn: Turn) -> None:
        """Remember how far the claims have come; at the end look once more from the beginning, then ever more seldom.

        Another lane's claim that was rolled back can have left a recipient behind who is found only that way.
        """
        if len(turn.claims) == possible:
            if turn.claims:
                self.after = max(self.after, *(claim.recipient_id for claim in turn.claims))
                self._dry_seconds = DRY_SECONDS
        elif self.after:
            self.after = 0
        else:
            self._dry_until = time.monotonic() + self._dry_seconds
            self._dry_seconds = min(2 * self._dry_seconds, LONGEST_DRY_SECONDS)
