"""The ledger of letters, reserved from in the transaction in which they begin (see mailer.domain.limits).

The statements are plain, because the fence speaks to its driver directly.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from mailer.domain.limits import SLOTS, Allowance, Limit, Limits, allowance, oldest_that_counts, slot_of

# One reservation at a time, whichever host asks for it. SQLite has one writer anyway.
LOCK = "SELECT pg_advisory_xact_lock(20210825)"
READ = "SELECT slot_seconds, began_at, letters FROM letter_slots WHERE began_at >= :oldest"
ADD = """
INSERT INTO letter_slots (slot_seconds, began_at, letters) VALUES (:slot_seconds, :began_at, :letters)
ON CONFLICT (slot_seconds, began_at) DO UPDATE SET letters = letter_slots.letters + excluded.letters
"""
AHEAD = """
SELECT slot_seconds, CAST(sum(letters) AS integer) FROM letter_slots WHERE began_at > :now GROUP BY slot_seconds
"""
DROP_AHEAD = "DELETE FROM letter_slots WHERE began_at > :now"
DROP_OLD = "DELETE FROM letter_slots WHERE began_at < :oldest"

Run = Callable[[str, dict[str, Any]], Sequence[Sequence[Any]]]


def for_psycopg(statement: str) -> str:
    """The same statement with psycopg's parameters."""
    return re.sub(r":(\w+)", r"%(\1)s", statement)


class Ledger:
    """The ledger within one transaction; `run` executes a statement there. Times are seconds since 1970."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def left(self, limits: Iterable[Limit], now: float) -> Allowance:
        """What the limits leave. Whoever means to begin letters has locked the ledger before."""
        return allowance(limits, self.slots(now), now)

    def slots(self, now: float) -> list[tuple[int, int, int]]:
        """The slots that may count still: how long each is, its beginning, and its letters."""
        return [(row[0], row[1], row[2]) for row in self._run(READ, {"oldest": oldest_that_counts(now)})]

    def put(self, letters: int, now: float) -> None:
        """Write down letters that begin now."""
        for slot_seconds in SLOTS:
            self._add(slot_seconds, letters, now)

    def tidy(self, now: float) -> None:
        """Forget what counts no more, and bring back what a clock that ran ahead has written into the future.

        Nobody knows how long ago that was, so it counts from now.
        """
        self._run(DROP_OLD, {"oldest": oldest_that_counts(now)})
        ahead = self._run(AHEAD, {"now": now})
        if ahead:
            self._run(DROP_AHEAD, {"now": now})
            for slot_seconds, letters in ahead:
                self._add(slot_seconds, letters, now)

    def _add(self, slot_seconds: int, letters: int, now: float) -> None:
        row = {"slot_seconds": slot_seconds, "began_at": slot_of(slot_seconds, now), "letters": letters}
        self._run(ADD, row)


def ledger_of(session: Session) -> Ledger:
    """The ledger within a session's transaction."""

    def run(statement: str, parameters: dict[str, Any]) -> Sequence[Sequence[Any]]:
        result = session.execute(text(statement), parameters)
        # The session's type says less of its results than they can tell.
        return result.all() if result.returns_rows else ()  # type: ignore[attr-defined]

    return Ledger(run)


def reserve_for_system(session: Session, limits: Limits, now: datetime) -> Allowance:
    """Put one letter of the system on the ledger, if the limits leave one; what they leave. The caller commits."""
    if session.get_bind().dialect.name != "sqlite":
        session.execute(text(LOCK))
    ledger, moment = ledger_of(session), now.timestamp()
    ledger.tidy(moment)
    left = ledger.left(limits.for_system(), moment)
    if left.letters:
        ledger.put(1, moment)
    return left
