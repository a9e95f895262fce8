"""The counts of a list of clients, which are asked for while a page of it is found and drawn."""

from collections.abc import Callable

from sqlalchemy import ColumnElement

from mailer.domain.finding import Counts, Found, counts_of
from mailer.web.meanwhile import meanwhile


class ClientCounts:
    """What a search has found, and how many clients there are at all; call it for the counts, once they were begun."""

    def __init__(self, owner_id: int, search: str, found: Found) -> None:
        self._asked = owner_id, search, found
        self._answer: Callable[[], Counts]

    def begin(self, is_ahead: ColumnElement[bool] | None = None) -> Callable[[], tuple[int, int]]:
        """Begin to count, as a list wants it (web/pagination.py)."""
        self._answer = answer = meanwhile(lambda session: counts_of(session, *self._asked, is_ahead))
        return lambda: (answer().found, answer().ahead)

    def __call__(self) -> Counts:
        return self._answer()
