"""The fence on PostgreSQL: one statement a turn, autocommitted."""

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast

import psycopg
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from mailer.delivery.claims import Claim, DatabaseAway, MailingGone, Turn, Wishes
from mailer.delivery.claims_postgresql_turn import PARAMETERS, turn_statement
from mailer.delivery.ledger import LOCK, Ledger, for_psycopg
from mailer.delivery.limiting import take_limited
from mailer.delivery.prepared import PreparedStatements, Row
from mailer.domain.limits import Limits

# A turn touches a handful of rows, each by its key. The statistics of a table that a start has just filled say
# otherwise, and a plan that reads or sorts the whole mailing would make every turn as slow as the mailing is large.
PLANNING = """
SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;
SET enable_sort = off; SET enable_memoize = off; SET jit = off; SET plan_cache_mode = force_generic_plan
"""

# Claims of this lane that it never heard of: the answer to their turn was lost with a connection.
ORPHANS = """
SELECT id FROM recipients
WHERE mailing_id = %(mailing)s AND lane = %(token)s AND state = 'claimed' AND NOT id = ANY(%(held)s::bigint[])
"""


# Of the letters that a turn asks for, those that an earlier one has begun whose answer was lost.
BEGUN_BEFORE = """
SELECT id FROM recipients WHERE id = ANY(%(begin)s::bigint[]) AND lane = %(token)s AND state = 'begun'
"""
NOW = "SELECT extract(epoch FROM clock_timestamp())::float"

Connection = psycopg.Connection[tuple[Any, ...]]


class PostgresqlFence:
    """See mailer.delivery.claims."""

    def __init__(
        self, engine: Engine, mailing_id: int, owner_id: int, token: str, limits: Limits | None = None
    ) -> None:
        self._engine = engine
        self._limits = limits
        self._connected: tuple[Connection, PreparedStatements] | None = None
        self._fixed = {"mailing": mailing_id, "owner": owner_id, "token": token}

    def turn(self, wishes: Wishes, meanwhile: Callable[[], None] = lambda: None) -> Turn:
        try:
            if self._connected is None:
                connection = self._connect()
                self._connected = connection, PreparedStatements(connection, list(PARAMETERS.values()))
            if self._limits is not None:
                return self._take_limited(*self._connected, self._limits, wishes, meanwhile)
            return self._take(*self._connected, wishes, meanwhile)
        except (psycopg.OperationalError, psycopg.InterfaceError, DBAPIError) as error:
            # Whatever state the connection is in, the next turn gets a new one.
            self.close()
            raise DatabaseAway(str(error)) from error

    def close(self) -> None:
        if self._connected is not None:
            self._connected[0].close()
            self._connected = None

    def _take(
        self,
        connection: Connection,
        prepared: PreparedStatements,
        wishes: Wishes,
        meanwhile: Callable[[], None],
    ) -> Turn:
        give_back = [*wishes.give_back, *self._orphans(connection, wishes)]
        suppress = [answer.recipient_id for answer in wishes.answers if answer.outcome.suppresses]
        parameters = {**self._fixed, **_parameters(wishes, give_back), "suppress": _array(suppress)}
        statement = turn_statement(
            records=bool(wishes.answers),
            suppresses=bool(suppress),
            gives_back=bool(give_back),
            begins=bool(wishes.begin),
            claims=bool(wishes.claim_count),
        )
        values = [str(parameters[name]).encode() for name in PARAMETERS]
        return _turn(prepared.run(statement, values, meanwhile))

    def _take_limited(
        self,
        connection: Connection,
        prepared: PreparedStatements,
        limits: Limits,
        wishes: Wishes,
        meanwhile: Callable[[], None],
    ) -> Turn:
        """The same statement, within a transaction that has the ledger to itself."""

        def run(statement: str, parameters: dict[str, Any]) -> Sequence[Sequence[Any]]:
            cursor = connection.execute(for_psycopg(statement), parameters)
            return cursor.fetchall() if cursor.description else ()

        with connection.transaction():
            connection.execute(LOCK)
            now = float(connection.execute(NOW).fetchall()[0][0])
            begun = connection.execute(BEGUN_BEFORE, {**self._fixed, "begin": _array(wishes.begin)}).fetchall()
            take = partial(self._take, connection, prepared, meanwhile=meanwhile)
            return take_limited(Ledger(run), limits, now, wishes, [row[0] for row in begun], take)

    def _orphans(self, connection: Connection, wishes: Wishes) -> list[int]:
        if wishes.held is None:
            return []
        rows = connection.execute(ORPHANS, {**self._fixed, "held": _array(wishes.held)}).fetchall()
        return [row[0] for row in rows]

    def _connect(self) -> Connection:
        """A connection of the lane's own, taken out of the pool for good: it works in autocommit."""
        pooled = self._engine.raw_connection()
        connection = cast(Connection, pooled.driver_connection)
        pooled.detach()
        connection.autocommit = True
        connection.execute(PLANNING)
        return connection


def _parameters(wishes: Wishes, give_back: Collection[int]) -> dict[str, Any]:
    answers = wishes.answers
    return {
        "answered": _array(answer.recipient_id for answer in answers),
        "states": _array(answer.outcome.state for answer in answers),
        "statuses": _array(answer.outcome.status for answer in answers),
        "verdicts": _array(answer.outcome.verdict for answer in answers),
        "codes": _array(answer.code for answer in answers),
        "replies": _array(_quoted(answer.reply) for answer in answers),
        "letter_ids": _array(_quoted(answer.letter_id) for answer in answers),
        "retries": _array(answer.retry_seconds for answer in answers),
        "begin": _array(wishes.begin),
        "give_back": _array(give_back),
        "claim_count": wishes.claim_count,
        "claim_after": wishes.claim_after,
    }


def _array(values: Iterable[object]) -> str:
    """The values as PostgreSQL writes an array, which costs less than the driver's own way from a list.

    Text of any kind is `_quoted`.
    """
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def _quoted(text: str | None) -> str | None:
    return None if text is None else '"' + text.replace("\\", r"\\").replace('"', r'\"') + '"'


def _turn(rows: Sequence[Row]) -> Turn:
    if not rows:
        # The mailing itself is gone, and its recipients with it.
        raise MailingGone
    is_alive, is_open, now, begun, claims = rows[0]
    assert now is not None
    return Turn(
        is_lane_alive=is_alive == b"t",
        is_open=is_open == b"t",
        begun=frozenset(map(int, begun.split())) if begun else frozenset(),
        claims=[Claim(*claim) for claim in json.loads(claims)] if claims else [],
        now=datetime.fromtimestamp(float(now), UTC),
    )
