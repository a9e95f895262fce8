"""A function of SQL that the databases call by different names."""

from typing import Any

from sqlalchemy import Integer
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction


class place_of(GenericFunction[int]):
    """Where a text stands in another one, from 1; 0 where it does not. Several times as fast as LIKE."""

    type = Integer()
    inherit_cache = True


@compiles(place_of, "sqlite")
def _in_sqlite(element: place_of, compiler: SQLCompiler, **options: Any) -> str:
    return f"instr({compiler.process(element.clauses, **options)})"


@compiles(place_of, "postgresql")
def _in_postgresql(element: place_of, compiler: SQLCompiler, **options: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **options)})"
