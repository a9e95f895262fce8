"""Row ids in URLs: one that no database could hold is not found, like any other that does not exist."""

from typing import Any

from flask import Flask
from werkzeug.routing import IntegerConverter, Map

# The largest id of a BIGINT column; beyond it PostgreSQL and SQLite refuse the query itself.
MAX_ID = 2**63 - 1


class IdConverter(IntegerConverter):
    """Flask's `<int:...>` up to the largest id."""

    def __init__(self, url_map: Map, **options: Any) -> None:
        super().__init__(url_map, **{"max": MAX_ID, **options})


def limit_ids(app: Flask) -> None:
    """Make every `<int:...>` of every route refuse what is no id."""
    app.url_map.converters["int"] = IdConverter


def ids_among(texts: list[str]) -> list[int]:
    """The ids among what a form sent; whatever cannot be one is passed over."""
    return [int(text) for text in texts if text.isascii() and text.isdecimal() and int(text) <= MAX_ID]
