"""Pages of sums, by number: sums are made anew for each page anyway, so a keyset would spare nothing."""

from collections.abc import Sequence
from typing import TypeVar

from flask import request

from mailer.web.pagination import PAGE_SIZE, Page, list_url

T = TypeVar("T")

MOST_PAGES = 100_000


def asked_page() -> int:
    """The number of the page that is asked for, from 1 on."""
    text = request.args.get("page", "")
    return max(1, min(int(text), MOST_PAGES)) if text.isascii() and text.isdecimal() else 1


def offset_of(number: int) -> int:
    return (number - 1) * PAGE_SIZE


def numbered_page(lines: Sequence[T], total: int, number: int, location: str) -> Page[T]:
    """A page whose lines are found already, of `total` in all."""
    query = {name: value for name, value in request.args.items() if name != "page"}

    def url(other: int) -> str:
        return list_url(location, query, page=str(other))

    return Page(
        items=lines,
        back_url=url(number - 1),
        onward_url=url(number + 1),
        count=lambda: (total, offset_of(number)),
    )
