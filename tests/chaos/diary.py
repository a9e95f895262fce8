"""What has happened in a run, as the checks and the story need it. All times are seconds since the epoch."""

import time
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Ban:
    """From `since` nothing may begin to these addresses, until `until` if it was lifted."""

    why: str
    addresses: frozenset[str]
    since: float
    until: float = float("inf")


@dataclass(frozen=True)
class Loss:
    """A lane that lost its process, its lease or its database while so many of its connections were open."""

    at: float
    why: str
    connections: int


@dataclass
class Diary:
    began: float = field(default_factory=time.time)
    entries: list[str] = field(default_factory=list)
    bans: list[Ban] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    # Lanes that were asked to stop, which lose nothing as long as there is a database.
    goodbyes: list[Loss] = field(default_factory=list)
    # When the database, or a part of it, was frozen or down.
    outages: list[tuple[float, float]] = field(default_factory=list)
    # The longest that anything was stopped while a letter may have been on its way.
    longest_stop: float = 0.0
    kills: int = 0
    longest_queue: int = 0
    longest_goodbye: float = 0.0

    def note(self, words: str) -> None:
        self.entries.append(f"{time.time() - self.began:6.2f} s {words}")

    def outage_around(self, moment: float, margin: float = 0.0) -> float:
        """How many seconds of outages lie at this moment, or within the margin of it."""
        return sum(
            until - since for since, until in self.outages if since - margin <= moment <= until + margin
        )
