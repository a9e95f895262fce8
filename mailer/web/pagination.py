"""Lists of any length, a page at a time, by keyset: the next page begins after the last row of this one.

A page costs the same wherever it lies, and rows that come or go meanwhile neither repeat nor skip any.
"""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import cached_property
from typing import Any, Generic, TypeVar, TypeVarTuple, overload
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, Row, Select, TypeDecorator, func, literal, not_, true, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from mailer.extensions import db
from mailer.web.htmx import shown_query
from mailer.web.ids import MAX_ID

PAGE_SIZE = 50

T = TypeVar("T")
T2 = TypeVar("T2")
Ts = TypeVarTuple("Ts")

# What is being counted while the page is found: how many rows there are, and how many of them are `rows_ahead` of the
# place that was asked for. Whoever calls waits for it.
Counting = Callable[[], tuple[int, int]]
# How long a list is: known, being counted, or not known yet.
Total = int | Counting | None


@dataclass(frozen=True)
class Sorting:
    """An order in which no two rows are equal: by a column that is never empty, then by id."""

    column: InstrumentedAttribute[Any]
    id: InstrumentedAttribute[int]
    is_descending: bool = False

    def reversed(self) -> "Sorting":
        return Sorting(self.column, self.id, not self.is_descending)

    @property
    def columns(self) -> tuple[InstrumentedAttribute[Any], ...]:
        return (self.id,) if self.column is self.id else (self.column, self.id)

    def order_by(self) -> list[ColumnElement[Any]]:
        return [column.desc() if self.is_descending else column.asc() for column in self.columns]

    def beyond(self, key: Sequence[Any]) -> ColumnElement[bool]:
        """The rows that come after the one with this key."""
        here = tuple_(*self.columns)
        there = tuple_(*(literal(value, column.type) for value, column in zip(key, self.columns, strict=True)))
        return here < there if self.is_descending else here > there


@dataclass(frozen=True)
class Sorted:
    """The order that a list was asked for by `?sort=`; a minus turns it round."""

    name: str
    sorting: Sorting
    location: str
    query: Mapping[str, str]

    def url(self, name: str) -> str:
        """The same list in another order, from its first page."""
        return list_url(self.location, self.query, sort=name)


def sorted_by(choices: Mapping[str, Sorting], *, default: str, location: str) -> Sorted:
    """The order asked for among `choices`, which name each column's own direction; `default` may carry a minus."""
    query = shown_query()
    asked = query.get("sort", default)
    name = asked if asked.removeprefix("-") in choices else default
    sorting = choices[name.removeprefix("-")]
    return Sorted(name, sorting.reversed() if name.startswith("-") else sorting, location, query)


@dataclass(frozen=True)
class Page(Generic[T]):
    """A page of a list; `first` and `last` count from 1 and are 0 where the list is empty.

    How long the list is, and how much of it lies ahead, may still be being counted: whatever needs to know it waits,
    and nothing else does.
    """

    items: Sequence[T]
    # The pages before and after this one, if there are any.
    back_url: str | None
    onward_url: str | None
    # How long the list is, and how many rows lie ahead of this page.
    count: Callable[[], tuple[int, int]]

    @cached_property
    def _counts(self) -> tuple[int, int]:
        return self.count()

    @property
    def total(self) -> int:
        return self._counts[0]

    @property
    def first(self) -> int:
        return self._counts[1] + 1 if self.items else 0

    @property
    def previous_url(self) -> str | None:
        return self.back_url if self.first > 1 else None

    @property
    def next_url(self) -> str | None:
        return self.onward_url if self.last < self.total else None

    @property
    def last(self) -> int:
        return self.first + len(self.items) - 1 if self.items else 0


@overload
def paginate(
    rows: Select[T],
    sorting: Sorting,
    *,
    location: str,
    size: int = ...,
    query: Mapping[str, str] | None = ...,
    total: Total = ...,
    by_index: Select[Any] | None = ...,
) -> Page[T]: ...


@overload
def paginate(
    rows: Select[T, T2, *Ts],
    sorting: Sorting,
    *,
    location: str,
    size: int = ...,
    query: Mapping[str, str] | None = ...,
    total: Total = ...,
    by_index: Select[Any] | None = ...,
) -> Page[tuple[T, T2, *Ts]]: ...


def paginate(
    rows: Select[*tuple[Any, ...]],
    sorting: Sorting,
    *,
    location: str,
    size: int = PAGE_SIZE,
    query: Mapping[str, str] | None = None,
    total: Total = None,
    by_index: Select[Any] | None = None,
) -> Page[Any]:
    """The page of `rows` that `?after=` or `?before=` asks for, the first one otherwise.

    `location` is the list's own address; the links of the page go there, with the query that is shown now, or with
    `query`. A `total` that is known already, or is counted elsewhere, is not counted again. Rows of several things come
    as tuples. `by_index` are the same rows where an index alone tells which they are: only those of the page are read.
    """
    query = shown_query() if query is None else query
    after, before = _key(query.get("after"), sorting), _key(query.get("before"), sorting)
    if total is None and not (after or before):
        # Counted first: where a search finds nobody, there is no need to look a second time.
        total, _ahead = _count(rows, sorting, None)
    counts_ahead = isinstance(total, int)
    place = after, before, size, by_index
    found, ahead = _find(rows, sorting, *place, counts_ahead=counts_ahead) if total != 0 else ([], 0)
    if not found and (after or before):
        # The page has emptied since its link was made.
        after = before = None
        found, ahead = _find(rows, sorting, None, None, size, by_index, counts_ahead=False)
    width = len(sorting.columns)
    keys = [tuple(row)[-width:] for row in found]
    if total is None:
        total, ahead = _count(rows, sorting, keys[0] if keys and (after or before) else None)
    shown = len(found) if before else 0 if after else None
    known = (total, ahead) if isinstance(total, int) else (0, 0)
    counts = _counted(total, shown) if callable(total) else lambda: known
    return Page(
        items=[_selected(tuple(row)[: -width - 1]) for row in found],
        back_url=list_url(location, query, before=_cursor(keys[0])) if keys else None,
        onward_url=list_url(location, query, after=_cursor(keys[-1])) if keys else None,
        count=counts,
    )


def _find(
    rows: Select[*tuple[Any, ...]],
    sorting: Sorting,
    after: Sequence[Any] | None,
    before: Sequence[Any] | None,
    size: int,
    by_index: Select[Any] | None,
    *,
    counts_ahead: bool,
) -> tuple[list[Row[*tuple[Any, ...]]], int]:
    """The rows of one page in their order, each with its key at the end, and how many lie ahead of them.

    The latter is 0 unless it was asked for. It is a column before the key, so that it takes no statement of its own.
    """
    back = sorting.reversed()
    ahead: ColumnElement[Any] = literal(0)
    is_ahead = _is_ahead(sorting, after, before) if counts_ahead else None
    if is_ahead is not None:
        lying = rows.with_only_columns(func.count(), maintain_column_froms=True).where(is_ahead).order_by(None)
        # Told apart from the rows around it, which are of the same table.
        ahead = lying.correlate(None).scalar_subquery()
    wanted = rows.add_columns(ahead.label("ahead"), *sorting.columns)
    order = back if before else sorting

    key = before or after
    is_beyond = order.beyond(key) if key else true()
    if by_index is None:
        wanted = wanted.where(is_beyond).limit(size)
    else:
        ids = by_index.with_only_columns(sorting.id).where(is_beyond).order_by(*order.order_by()).limit(size)
        wanted = wanted.where(sorting.id.in_(ids.correlate(None)))
    found = list(db.session.execute(wanted.order_by(*order.order_by())))[:: -1 if before else 1]
    lying_ahead = found[0].ahead if found else 0
    return found, max(0, lying_ahead - len(found)) if before else lying_ahead


def rows_ahead(sorting: Sorting, query: Mapping[str, str] | None = None) -> ColumnElement[bool] | None:
    """Whether a row lies ahead of the place that the query asks for; None where that is the beginning."""
    query = shown_query() if query is None else query
    return _is_ahead(sorting, _key(query.get("after"), sorting), _key(query.get("before"), sorting))


def _is_ahead(
    sorting: Sorting, after: Sequence[Any] | None, before: Sequence[Any] | None
) -> ColumnElement[bool] | None:
    """Whether a row lies before the place that was asked for; None where that is the beginning."""
    if before:
        return sorting.reversed().beyond(before)
    return not_(sorting.beyond(after)) if after else None


def list_url(location: str, query: Mapping[str, str], **changes: str) -> str:
    """The list's address with the query that is shown, another place or order in it, and no page unless named."""
    kept = {name: value for name, value in query.items() if name not in ("after", "before") and value}
    return f"{location}?{urlencode(kept | changes)}" if kept | changes else location


def _counted(counting: Counting, shown: int | None) -> Callable[[], tuple[int, int]]:
    """What is being counted, where `shown` rows of those ahead of the place are on the page; None is the first page."""

    def counts() -> tuple[int, int]:
        total, ahead = counting()
        return total, 0 if shown is None else max(0, ahead - shown)

    return counts


def _selected(values: tuple[Any, ...]) -> Any:
    return values[0] if len(values) == 1 else values


def _count(rows: Select[*tuple[Any, ...]], sorting: Sorting, first_key: Sequence[Any] | None) -> tuple[int, int]:
    """How many rows there are, and how many of them lie ahead of the first one shown."""
    rows = rows.order_by(None)
    if first_key is None:
        return db.session.scalar(rows.with_only_columns(func.count(), maintain_column_froms=True)) or 0, 0
    is_ahead = sorting.reversed().beyond(first_key)
    counted = rows.with_only_columns(func.count(), func.count().filter(is_ahead), maintain_column_froms=True)
    total, ahead = db.session.execute(counted).one()
    return total, ahead


def _cursor(key: Sequence[Any]) -> str:
    values = [value.isoformat() if isinstance(value, datetime) else value for value in key]
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def _key(cursor: str | None, sorting: Sorting) -> tuple[Any, ...] | None:
    """The key in a cursor; None where there is none, or where it was not made here."""
    if not cursor:
        return None
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if len(values) != len(sorting.columns):
            return None
        return tuple(_checked(value, column) for value, column in zip(values, sorting.columns, strict=True))
    except (ValueError, TypeError, UnicodeDecodeError):
        return None


def _checked(value: Any, column: InstrumentedAttribute[Any]) -> Any:
    # A type of our own (UtcDateTime) does not say what it is in Python; the one beneath it does.
    kind = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    wanted = kind.python_type
    if wanted is datetime:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError(value)
        return moment
    if issubclass(wanted, Enum):
        return wanted(value)
    if type(value) is not wanted:
        raise TypeError(value)
    # What no column can hold would make the database refuse the whole query.
    if isinstance(value, int) and abs(value) > MAX_ID or isinstance(value, str) and "\0" in value:
        raise ValueError(value)
    return value
