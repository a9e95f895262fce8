"""The chaotic mail server's own books, as a check reads them after a run."""

import json
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path


@dataclass(frozen=True)
class Line:
    """One decision of the server. `at` is the moment of it, `began` the second in which the letter was begun.

    `began` is what the letter's own Date says, which is the database's clock at the begin.
    """

    at: float
    what: str
    address: str
    connection: int
    is_answered: bool
    # The server closed the connection right after this.
    is_parted: bool
    letter_id: str
    began: float | None

    @property
    def is_accepted(self) -> bool:
        return self.what == "accepted"


@dataclass(frozen=True)
class Letters:
    """All decisions, in the order in which they were made."""

    lines: list[Line] = field(default_factory=list)

    def of(self, addresses: Collection[str]) -> "Letters":
        wanted = set(addresses)
        return Letters([line for line in self.lines if line.address in wanted])

    def copies(self) -> Counter[str]:
        """How many letters each address has got."""
        return Counter(line.address for line in self.lines if line.is_accepted)

    def unanswered(self) -> int:
        """How many letters the server left without a whole answer, by its own will."""
        return sum(not line.is_answered for line in self.lines)


def read_letters(path: Path) -> Letters:
    return Letters([_line(json.loads(text)) for text in path.read_text().splitlines()] if path.exists() else [])


def _line(entry: dict[str, object]) -> Line:
    date = str(entry.get("date", ""))
    return Line(
        at=float(str(entry["at"])),
        what=str(entry["what"]),
        address=str(entry["address"]),
        connection=int(str(entry["connection"])),
        is_answered=bool(entry.get("is_answered", False)),
        is_parted=bool(entry.get("is_parted", False)),
        letter_id=str(entry.get("letter_id", "")),
        began=parsedate_to_datetime(date).timestamp() if date else None,
    )
