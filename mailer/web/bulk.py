"""The rows that a list's bulk bar means: those ticked on the page, or all that match its search."""

from dataclasses import dataclass
from typing import TypeVar

from flask import request
from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute

from mailer.web.ids import ids_among

# More than a page shows, and within what a statement of any database can name.
MOST_TICKED = 1000
# How many of the rows a question names.
NAMED = 5

T = TypeVar("T")


@dataclass(frozen=True)
class Bulk:
    """What was ticked; with `is_all` it is every row that the list's own query finds."""

    ids: tuple[int, ...]
    is_all: bool
    search: str = ""
    status: str = ""
    # How many rows the question spoke of: only so many are ever acted on.
    count: str = ""

    def among(self, everything: Select[T], matching: Select[T], id: InstrumentedAttribute[int]) -> Select[T]:
        """The rows meant: of `everything` the ticked ones, or all of `matching`."""
        return matching if self.is_all else everything.where(id.in_(self.ids))

    @property
    def list_query(self) -> dict[str, str]:
        """The query of the list that the rows were ticked in."""
        return {name: value for name, value in (("q", self.search), ("status", self.status)) if value}


def asked_bulk(field: str) -> Bulk:
    """What the bulk bar sent, or the question that followed; `field` names the ticks."""
    return Bulk(
        ids=tuple(ids_among(request.values.getlist(field))[:MOST_TICKED]),
        is_all=bool(request.values.get("all")),
        search=request.values.get("q", ""),
        status=request.values.get("status", ""),
        count=request.values.get("count", ""),
    )
