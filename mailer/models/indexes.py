"""Indexes that one database has and the other has not."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Index

_DATABASE = "database"


def only_on(dialect: str, index: Index) -> Index:
    """The index, made on this kind of database alone."""
    index.info[_DATABASE] = dialect
    return index.ddl_if(dialect=dialect)


def compared_on(dialect: str) -> Callable[..., bool]:
    """Alembic's `include_object` for this kind of database: what the other one alone has is not missed."""

    def is_compared(item: Any, *_about: object) -> bool:
        return bool(item.info.get(_DATABASE, dialect) == dialect)

    return is_compared
