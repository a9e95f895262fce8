"""The widths of the books bar and the shares of the books table: arithmetic, and no drawing."""

from dataclasses import dataclass

from flask_babel import gettext as _

from mailer.domain.books import Books
from mailer.web.formats import number
from mailer.web.marks import mark_of

# Settled states left, pending right: as a mailing goes on, ink moves rightwards.
STATES_IN_ORDER = ("accepted", "failed", "unknown", "suppressed", "expired", "sending", "pending")

# A state that is not zero is at least this wide, in percent, so that one failure in a million can be seen.
LEAST_WIDTH = 1.2
LEAST_WIDTH_IN_ROW = 2.5


@dataclass(frozen=True)
class Segment:
    """One state's piece of the bar; x and width in percent."""

    state: str
    x: float
    width: float


@dataclass(frozen=True)
class Line:
    """One state's line of the table; the share is None where there is nobody."""

    state: str
    count: int
    share: float | None


def bar_segments(books: Books, is_mini: bool = False) -> list[Segment]:
    """The pieces of the bar from left to right, together 100 percent wide; none when there is nobody."""
    present = [(state, count) for state, count in counts_in_order(books) if count]
    least = LEAST_WIDTH_IN_ROW if is_mini else LEAST_WIDTH
    widths = _widened([100 * count / books.total for _state, count in present], least)
    segments, x = [], 0.0
    for (state, _count), width in zip(present, widths, strict=True):
        segments.append(Segment(state, round(x, 2), round(width, 2)))
        x += width
    return segments


def table_lines(books: Books) -> list[Line]:
    """The seven lines of the table, with shares to a tenth of a percent that add up to 100 exactly."""
    counts = counts_in_order(books)
    shares = _tenths([count for _state, count in counts])
    return [
        Line(state, count, tenths / 1000 if count else None)
        for (state, count), tenths in zip(counts, shares, strict=True)
    ]


def books_label(books: Books) -> str:
    """The whole bar in words, for those who hear it."""
    counts = ", ".join(f"{mark_of(state).word} {number(count)}" for state, count in counts_in_order(books) if count)
    return str(_("Of %(total)s: %(counts)s", total=number(books.total), counts=counts or "–"))


def counts_in_order(books: Books) -> list[tuple[str, int]]:
    return [(state, getattr(books, state)) for state in STATES_IN_ORDER]


def _widened(widths: list[float], least: float) -> list[float]:
    """The widths with each at least `least`; what the narrow ones gain, the widest loses."""
    if not widths:
        return []
    widened = [max(width, least) for width in widths]
    widest = widened.index(max(widened))
    widened[widest] -= sum(widened) - 100
    return widened


def _tenths(counts: list[int]) -> list[int]:
    """Shares in tenths of a percent, 1000 in all: rounded down, and what is missing given to the largest remainders."""
    total = sum(counts)
    if not total:
        return [0 for _ in counts]
    tenths = [1000 * count // total for count in counts]
    remainders = sorted(range(len(counts)), key=lambda place: 1000 * counts[place] % total, reverse=True)
    for place in remainders[: 1000 - sum(tenths)]:
        tenths[place] += 1
    return tenths
