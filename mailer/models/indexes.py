"""Indexes and columns that one database has and the other has not."""

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Column, Index

_DATABASE = "database"


Item = TypeVar("Item", Index, Column[str])


def only_on(dialect: str, item: Item) -> Item:
    """The index or the column, which this kind of database alone has."""
    item.info[_DATABASE] = dialect
    return item


def compared_on(dialect: str) -> Callable[..., bool]:
    """Alembic's `include_object` for this kind of database: what the other one alone has is not missed."""

    def is_compared(item: Any, *_about: object) -> bool:
        return bool(item.info.get(_DATABASE, dialect) == dialect)

    return is_compared
