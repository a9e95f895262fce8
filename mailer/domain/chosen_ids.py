"""Ids chosen by hand, however many, as rows that a select can ask for."""

import json
from collections.abc import Collection

from sqlalchemy import BigInteger, Select, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from mailer.models.transactions import AnySession


def these_ids(session: AnySession, ids: Collection[int]) -> Select[int]:
    """The ids in one parameter of the statement: databases limit how many parameters there may be."""
    if session.get_bind().dialect.name == "sqlite":
        return select(func.json_each(json.dumps(sorted(ids))).table_valued("value").c.value)
    return select(func.unnest(literal(sorted(ids), ARRAY(BigInteger))).column_valued())
