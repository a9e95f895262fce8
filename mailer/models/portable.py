"""Expressions that the two databases write, or plan, differently."""

from typing import Any

from sqlalchemy import BigInteger, Boolean, ColumnElement, Integer, Join, SQLColumnExpression, String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

QUARTER_SECONDS = 900


def off_index(column: SQLColumnExpression[int]) -> ColumnElement[int]:
    """The same number, to which no index leads.

    SQLite plans without statistics: of two ways that look alike to it, it may take the long one along this column.
    """
    return column + 0


class quarter_of(FunctionElement[int]):
    """The quarter of an hour that a moment lies in, counted from the beginning of 1970 in UTC."""

    type = BigInteger()
    inherit_cache = True


class domain_of(FunctionElement[str]):
    """What stands after the @ of an address; nothing where there is none."""

    type = String()
    inherit_cache = True


class place_of(FunctionElement[int]):
    """Where a text stands in another one, from 1; 0 where it does not. Several times as fast as LIKE."""

    type = Integer()
    inherit_cache = True


class FewFirst(Join):
    """A few mailings joined with their rows in a table of millions, which are found along its index by mailing and id.

    Neither database believes by itself that there are few, and would rather read the whole table. SQLite keeps the
    order of a CROSS JOIN, and takes the index that it is told of; for PostgreSQL there is `is_one_of`.
    """

    inherit_cache = True


class is_one_of(FunctionElement[bool]):
    """Whether a column is among the few values that a select finds; beside FewFirst, which SQLite is content with.

    PostgreSQL believes that an array is short.
    """

    type = Boolean()
    inherit_cache = True


@compiles(quarter_of, "sqlite")
def _quarter_on_sqlite(element: quarter_of, compiler: SQLCompiler, **kw: Any) -> str:
    return f"(CAST(strftime('%s', {compiler.process(element.clauses, **kw)}) AS INTEGER) / {QUARTER_SECONDS})"


@compiles(quarter_of, "postgresql")
def _quarter_on_postgresql(element: quarter_of, compiler: SQLCompiler, **kw: Any) -> str:
    moment = compiler.process(element.clauses, **kw)
    return f"CAST(floor(extract(epoch FROM {moment}) / {QUARTER_SECONDS}) AS integer)"


@compiles(domain_of, "sqlite")
def _domain_on_sqlite(element: domain_of, compiler: SQLCompiler, **kw: Any) -> str:
    email = compiler.process(element.clauses, **kw)
    return f"(CASE WHEN instr({email}, '@') > 0 THEN substr({email}, instr({email}, '@') + 1) ELSE '' END)"


@compiles(domain_of, "postgresql")
def _domain_on_postgresql(element: domain_of, compiler: SQLCompiler, **kw: Any) -> str:
    return f"split_part({compiler.process(element.clauses, **kw)}, '@', 2)"


@compiles(place_of, "sqlite")
def _place_on_sqlite(element: place_of, compiler: SQLCompiler, **kw: Any) -> str:
    return f"instr({compiler.process(element.clauses, **kw)})"


@compiles(place_of, "postgresql")
def _place_on_postgresql(element: place_of, compiler: SQLCompiler, **kw: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **kw)})"


@compiles(FewFirst)
def _few_first(element: FewFirst, compiler: SQLCompiler, **kw: Any) -> str:
    # SQLAlchemy has left this method without types.
    text: str = compiler.visit_join(element, **kw)  # type: ignore[no-untyped-call]
    return text


@compiles(FewFirst, "sqlite")
def _few_first_on_sqlite(element: FewFirst, compiler: SQLCompiler, **kw: Any) -> str:
    # What looks for joins that were forgotten does not know this one.
    kw = {name: value for name, value in kw.items() if name not in ("asfrom", "from_linter")}
    few, many = (compiler.process(side, asfrom=True, **kw) for side in (element.left, element.right))
    assert element.onclause is not None
    return f"{few} CROSS JOIN {many} INDEXED BY ix_{many}_mailing_id_id ON {compiler.process(element.onclause, **kw)}"


@compiles(is_one_of, "sqlite")
def _one_of_on_sqlite(element: is_one_of, compiler: SQLCompiler, **kw: Any) -> str:
    return "1"


@compiles(is_one_of, "postgresql")
def _one_of_on_postgresql(element: is_one_of, compiler: SQLCompiler, **kw: Any) -> str:
    column, values = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"{column} = ANY (ARRAY{values})"
