"""The counts of a list of clients, which are asked for while a page of it is found and drawn."""

from sqlalchemy import ColumnElement

from mailer.domain.finding import counts_of
from mailer.web.meanwhile import meanwhile


class ClientCounts:
    """How many clients there are, and what a search finds of them: it is being counted from now on, and whoever asks
    waits for it."""

    def __init__(self, owner_id: int, search: str, is_ahead: ColumnElement[bool] | None) -> None:
        """`is_ahead` tells who lies ahead of the page that is shown (web/pagination.py)."""
        self._answer = meanwhile(lambda session: counts_of(session, owner_id, search, is_ahead))

    @property
    def on_file(self) -> int:
        return self._answer().on_file

    def found(self) -> tuple[int, int]:
        """How many the search finds, and how many of them lie ahead."""
        counts = self._answer()
        return counts.found, counts.ahead
