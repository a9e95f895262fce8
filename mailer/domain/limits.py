"""The limits of the account (MAIL_LIMITS): how many letters may begin now, and when the next ones may.

A limit holds for every span of its length, not only for the minutes and days of the calendar. What has begun is
counted in slots of a second and of a minute; a slot counts until its last moment has left the span, so that a limit is
never exceeded, and at worst used up by one slot less.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

SECOND, MINUTE, HOUR, DAY = 1, 60, 3600, 86400

# A letter counts in a slot of each length.
SLOTS = (SECOND, MINUTE)

# Kept back from mailings for test letters and the system's own: one in twenty, and one at least.
KEPT_BACK = 20

# A minute's letters go out in portions of ten seconds; those of an hour or a day in portions of a minute.
PORTIONS = {MINUTE: 10, HOUR: MINUTE, DAY: MINUTE}

Slots = Sequence[tuple[int, int, int]]


@dataclass(frozen=True)
class Limit:
    """At most `letters` within any `seconds`, counted in slots of `slot_seconds`."""

    letters: int
    seconds: int
    slot_seconds: int

    def used(self, slots: Slots, now: float) -> list[tuple[int, int]]:
        """The slots that still count, oldest first: when each stops to count, and its letters."""
        return sorted(
            (began_at + self.slot_seconds + self.seconds, letters)
            for slot_seconds, began_at, letters in slots
            if slot_seconds == self.slot_seconds and began_at + self.slot_seconds + self.seconds > now
        )


@dataclass(frozen=True)
class Allowance:
    """How many letters may begin now; without any, when the next one may (seconds since 1970)."""

    letters: int
    more_at: float | None = None


@dataclass(frozen=True)
class Limits:
    """All the limits of the account, as `(letters, seconds)` from the settings."""

    given: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, config: dict[str, Any]) -> "Limits | None":
        """The limits of an application's configuration; None when it has none."""
        return cls(tuple(config["MAIL_LIMITS"])) if config["MAIL_LIMITS"] else None

    def for_system(self) -> list[Limit]:
        """What the system's own letters keep to: the limits themselves."""
        return [Limit(letters, seconds, _slot(seconds)) for letters, seconds in self.given]

    def for_mailings(self) -> list[Limit]:
        """What mailings keep to: a little less, spread over the time."""
        limits = []
        for letters, seconds in self.given:
            usable = _usable(letters)
            portion = PORTIONS[seconds]
            limits.append(Limit(usable, seconds, _slot(seconds)))
            limits.append(Limit(math.ceil(usable * portion / seconds), portion, SECOND))
        return limits

    @property
    def letters_a_second(self) -> float:
        """The fastest pace that all limits allow for a while."""
        return min(limit.letters / limit.seconds for limit in self.for_mailings() if limit.slot_seconds == SECOND)

    def time_for(self, letters: int) -> timedelta:
        """How long so many letters of a mailing take at best."""
        return timedelta(seconds=max(_seconds_for(letters, limit, seconds) for limit, seconds in self.given))

    def used_and_given(self, slots: Slots, now: float) -> list[tuple[int, int, int]]:
        """Of each limit: how many letters of it are used, how many it has, and its seconds."""
        return [
            (sum(count for _, count in limit.used(slots, now)), limit.letters, limit.seconds)
            for limit in self.for_system()
        ]

    def periods_for(self, letters: int) -> tuple[int, int, int]:
        """The narrowest limit for so many letters: its letters, its seconds, and how many such periods they need."""
        limit, seconds = max(self.given, key=lambda given: _seconds_for(letters, *given))
        return limit, seconds, max(1, math.ceil(letters / _usable(limit)))


def allowance(limits: Iterable[Limit], slots: Slots, now: float) -> Allowance:
    """What the limits leave, with all these slots on the ledger."""
    letters: float = math.inf
    more_at = now
    for limit in limits:
        used = limit.used(slots, now)
        left = limit.letters - sum(count for _, count in used)
        letters = min(letters, left)
        # The oldest slots go first, until there is room for one.
        for ends_at, count in used:
            if left > 0:
                break
            left += count
            more_at = max(more_at, ends_at)
    return Allowance(int(letters)) if letters > 0 else Allowance(0, more_at)


def slot_of(slot_seconds: int, now: float) -> int:
    """When the slot of this length began that holds this moment."""
    return int(now // slot_seconds) * slot_seconds


def oldest_that_counts(now: float) -> float:
    """Slots that began before this count for nothing any more."""
    return now - DAY - MINUTE


def _usable(letters: int) -> int:
    return max(1, letters - max(1, letters // KEPT_BACK))


def _slot(seconds: int) -> int:
    return SECOND if seconds <= MINUTE else MINUTE


def _seconds_for(letters: int, limit: int, seconds: int) -> float:
    """The whole periods that must pass, and in the last one portion after portion."""
    usable, portion = _usable(limit), PORTIONS[seconds]
    periods = max(0, math.ceil(letters / usable) - 1)
    rest = letters - periods * usable
    return periods * seconds + rest / math.ceil(usable * portion / seconds) * portion
