"""Statements that a lane repeats on PostgreSQL without an end: prepared once, and run on libpq itself.

The driver's own way through a statement took some 200 us more of Python a turn, a quarter of it. And it waits: here the
lane goes on while the database works.
"""

import select
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
from psycopg import errors, pq

Row = tuple[bytes | None, ...]


class PreparedStatements:
    """Those of one connection, which may be used in other ways between them."""

    def __init__(self, connection: psycopg.Connection[Any], types: Sequence[int]) -> None:
        """`types` are the ids of the types of $1, $2 and so on, alike for all statements."""
        self._pgconn = connection.pgconn
        self._types = types
        self._names: dict[str, bytes] = {}
        self._poll = select.poll()
        self._poll.register(self._pgconn.socket, select.POLLIN)

    def run(self, statement: str, values: Sequence[bytes], meanwhile: Callable[[], None]) -> list[Row]:
        """The rows, in the database's text format; `meanwhile` is called while the database is at work.

        Raises psycopg.OperationalError when the connection is lost, and what the database complains of.
        """
        name = self._names.get(statement) or self._prepare(statement)
        self._pgconn.send_query_prepared(name, values)
        self._flush()
        meanwhile()
        result = self._result()
        columns = range(result.nfields)
        return [tuple([result.get_value(row, column) for column in columns]) for row in range(result.ntuples)]

    def _prepare(self, statement: str) -> bytes:
        name = b"turn_%d" % len(self._names)
        self._pgconn.send_prepare(name, statement.encode(), self._types)
        self._flush()
        self._result()
        self._names[statement] = name
        return name

    def _flush(self) -> None:
        while self._pgconn.flush():
            # What the database says is taken in, lest each side waits for the other to read.
            self._poll.poll(1)
            self._pgconn.consume_input()

    def _result(self) -> pq.abc.PGresult:
        """Wait for it as psycopg does: the other threads of this process go on."""
        while self._pgconn.is_busy():
            self._poll.poll()
            self._pgconn.consume_input()
        result = self._pgconn.get_result()
        while result is not None and self._pgconn.get_result() is not None:
            continue
        if result is None or self._pgconn.status != pq.ConnStatus.OK:
            raise psycopg.OperationalError(self._pgconn.get_error_message())
        if result.status not in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
            raise errors.error_from_result(result)
        return result
