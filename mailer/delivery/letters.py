"""The letters of one lane, made while the database is at work on their begin."""

import time
from collections.abc import Iterable
from datetime import datetime, timedelta

from mailer.delivery.claims import Claim
from mailer.delivery.compose import Composer


class Letters:
    """What goes onto the wire for the claims of a lane, and the name of each letter."""

    def __init__(self, composer: Composer, token: str) -> None:
        """`token` is the lane's."""
        self._composer = composer
        self._token = token
        self._made: dict[int, bytes] = {}
        # The database's time at the last turn, and the own watch then.
        self._told: tuple[datetime, float] | None = None

    def letter_id(self, claim: Claim) -> str:
        """The Message-ID of this try, without its brackets."""
        return self._composer.letter_id(claim.recipient_id, claim.tries + 1, self._token)

    def envelope(self, claim: Claim) -> tuple[bytes, bytes, bytes]:
        """The commands MAIL, RCPT and DATA. Raises ValueError for an address that no envelope can carry."""
        return self._composer.envelope(claim.email)

    def make_ahead(self, claims: Iterable[Claim]) -> None:
        """Make the letters of those whose begin is being asked for; not before the first turn, which tells the time."""
        if self._told is None:
            return
        now = self._told[0] + timedelta(seconds=time.monotonic() - self._told[1])
        for claim in claims:
            self._made[claim.recipient_id] = self._make(claim, now)

    def take(self, claim: Claim, now: datetime) -> bytes:
        """The letter of a claim that has begun: as it was made ahead, or made now."""
        return self._made.pop(claim.recipient_id, None) or self._make(claim, now)

    def end_turn(self, now: datetime) -> None:
        """Forget the letters that were made for nothing; `now` is the database's time."""
        self._made.clear()
        self._told = now, time.monotonic()

    def _make(self, claim: Claim, now: datetime) -> bytes:
        return self._composer.letter(claim.recipient_id, claim.full_name, claim.email, self.letter_id(claim), now)
