"""Ids chosen by hand, however many, as rows that a select can ask for, or as its condition."""

import json
from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise

from sqlalchemy import (
    BigInteger,
    Cast,
    ColumnElement,
    Select,
    SQLColumnExpression,
    String,
    any_,
    cast,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute

from mailer.models.transactions import AnySession

# Whoever chooses thousands has mostly chosen what was imported together. A run of ids is looked up at once, the others
# one by one; a statement has room for so many runs.
LONG_RUN, MOST_RUNS = 100, 50
# So many of half a million ids are looked at together.
BLOCK = 256

Run = tuple[int, int]


def these_ids(session: AnySession, ids: Collection[int]) -> Select[int]:
    """The ids in one parameter of the statement: databases limit how many parameters there may be."""
    if session.get_bind().dialect.name == "sqlite":
        return select(func.json_each(json.dumps(sorted(ids))).table_valued("value").c.value)
    return select(func.unnest(_as_array(ids)).column_valued())


def is_among(session: AnySession, id: SQLColumnExpression[int], ids: Collection[int]) -> ColumnElement[bool]:
    """Whether the id is one of these; those that are in no long run go as one parameter."""
    runs = runs_of(ids)
    long = [run for run in runs if run[1] - run[0] >= LONG_RUN][:MOST_RUNS]
    looked_up = set(long)
    rest = [number for run in runs if run not in looked_up for number in range(run[0], run[1] + 1)]
    conditions = [id.between(first, last) for first, last in long]
    return or_(*conditions, _is_one_of(session, id, rest)) if rest or not long else or_(*conditions)


def runs_of(ids: Iterable[int]) -> list[Run]:
    """The first and the last of each run of ids without a gap, in their order."""
    ordered = sorted(ids)
    gaps: list[int] = []
    for start in range(0, len(ordered), BLOCK):
        # Up to the first one of the next block. Most blocks are without a gap, which their ends tell.
        block = ordered[start : start + BLOCK + 1]
        if block[-1] - block[0] >= len(block):
            gaps += [start + place for place, (one, next_) in enumerate(pairwise(block), 1) if next_ != one + 1]
    return [(ordered[first], ordered[end - 1]) for first, end in pairwise([0, *gaps, len(ordered)])] if ordered else []


def _is_one_of(session: AnySession, id: SQLColumnExpression[int], ids: Collection[int]) -> ColumnElement[bool]:
    if session.get_bind().dialect.name == "sqlite" or not isinstance(id, InstrumentedAttribute):
        return id.in_(these_ids(session, ids))
    # A table's own column has an index, in which PostgreSQL looks an array up as a whole; it would join the rows of a
    # select one by one. What has no index it would compare with an array that it reads anew each time.
    return id == any_(_as_array(ids))


def _as_array(ids: Collection[int]) -> Cast[Sequence[int]]:
    """An array of PostgreSQL, sent as text: the driver passes it on as it is, and need not turn each id into bytes."""
    return cast(literal("{%s}" % ",".join(map(str, sorted(ids))), String), ARRAY(BigInteger))
