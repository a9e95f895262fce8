"""The fence on SQLite: one short BEGIN IMMEDIATE transaction a turn, with the whole database to itself."""

import fcntl
import json
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import IO, Any, cast

from sqlalchemy import Engine

from mailer.delivery.claims import Answer, Claim, DatabaseAway, MailingGone, Turn, Wishes
from mailer.delivery.ledger import Ledger
from mailer.delivery.limiting import take_limited
from mailer.delivery.write_ahead_log import WriteAheadLog
from mailer.domain.limits import Limits

# A lane changes the same pages again and again: it keeps more of them at hand than SQLite's 2 MB, and copies them from
# the log into the database a quarter as often.
PRAGMAS = ("cache_size = -16000", "wal_autocheckpoint = 4000")
GATE = """
SELECT EXISTS (SELECT 1 FROM lanes WHERE token = :token),
       m.status = 'started' AND m.start_time <= :now AND :now < m.end_time
       AND NOT EXISTS (
           SELECT 1 FROM holds h
           WHERE h.lifted_at IS NULL
                 AND (h.until IS NULL OR h.until > :now OR (h.mailing_id IS NULL AND h.probe IS NOT :token))
                 AND (h.mailing_id = m.id OR h.mailing_id IS NULL)
       )
FROM mailings m WHERE m.id = :mailing
"""
# A late answer may settle its own `unknown`, whose lane still bears the token, but not reopen it.
RECORD = """
UPDATE recipients
SET state = answer.state, lane = CASE WHEN answer.state = 'unknown' THEN recipients.lane END,
    tries = tries + CASE WHEN answer.is_try THEN (recipients.state = 'claimed') ELSE -(recipients.state = 'begun') END,
    next_attempt_at = answer.next_attempt_at, changed_at = :now
FROM (
    SELECT json_extract(value, '$[0]') AS id, json_extract(value, '$[1]') AS state,
           json_extract(value, '$[2]') AS is_try, json_extract(value, '$[3]') AS next_attempt_at
    FROM json_each(:answers)
) AS answer
WHERE recipients.id = answer.id AND recipients.lane = :token
      AND (recipients.state IN ('claimed', 'begun')
           OR (recipients.state = 'unknown' AND answer.state IN ('accepted', 'failed')))
RETURNING id, round
"""
LOG = """
INSERT INTO attempts (mailing_id, recipient_id, round, attempted_at, status, verdict, code, reply, letter_id)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
# A mailbox that does not exist is written to by no later mailing of this owner.
SUPPRESS_FOR_GOOD = """
INSERT INTO suppressions (owner_id, email, email_key, reason, mailing_id, created_at, lift_reason)
SELECT :owner, email, email_key, 'hard_failure', :mailing, :now, '' FROM recipients
WHERE id IN (SELECT value FROM json_each(:ids))
ON CONFLICT DO NOTHING
"""
# Who goes back gets a time, at which the claims will find it again.
GIVE_BACK = """
UPDATE recipients SET state = 'pending', lane = NULL, next_attempt_at = :now, changed_at = :now
WHERE id IN (SELECT value FROM json_each(:ids)) AND lane = :token AND state = 'claimed'
"""
BEGUN_BEFORE = """
SELECT id FROM recipients
WHERE id IN (SELECT value FROM json_each(:ids)) AND lane = :token AND state = 'begun'
"""
CLAIMED = """
SELECT id FROM recipients WHERE mailing_id = :mailing AND state = 'claimed' AND lane = :token
"""
SUPPRESS = """
UPDATE recipients SET state = 'suppressed', lane = NULL, next_attempt_at = NULL, changed_at = :now
WHERE id IN (SELECT value FROM json_each(:ids)) AND lane = :token AND state IN ('claimed', 'begun')
      AND (client_id IS NULL OR EXISTS (
          SELECT 1 FROM suppressions s
          WHERE s.owner_id = :owner AND s.email_key = recipients.email_key AND s.lifted_at IS NULL
      ))
"""
# A repeated turn finds its letter begun already, and must not count a second try.
BEGIN = """
UPDATE recipients SET state = 'begun', tries = tries + (state = 'claimed'), next_attempt_at = NULL, changed_at = :now
WHERE id IN (SELECT value FROM json_each(:ids)) AND lane = :token AND state IN ('claimed', 'begun')
RETURNING id
"""
SHUT = """
UPDATE recipients SET state = 'pending', lane = NULL, next_attempt_at = :now, changed_at = :now
WHERE id IN (SELECT value FROM json_each(:ids)) AND lane = :token AND state IN ('claimed', 'begun')
"""
# Recipients who are to be tried again come first, so that a long mailing does not starve them.
DUE = """
SELECT id FROM recipients
WHERE mailing_id = :mailing AND next_attempt_at IS NOT NULL AND next_attempt_at <= :now AND state = 'pending'
ORDER BY next_attempt_at LIMIT :count
"""
FRESH = """
SELECT id FROM recipients
WHERE mailing_id = :mailing AND id > :after AND state = 'pending' AND next_attempt_at IS NULL
ORDER BY id LIMIT :count
"""
CLAIM = """
UPDATE recipients SET state = 'claimed', lane = :token, changed_at = :now
WHERE id IN (SELECT value FROM json_each(:ids))
RETURNING id, email, full_name, tries
"""


class SqliteFence:
    """See mailer.delivery.claims."""

    def __init__(
        self, engine: Engine, mailing_id: int, owner_id: int, token: str, limits: Limits | None = None
    ) -> None:
        self._engine = engine
        self._limits = limits
        self._connection: sqlite3.Connection | None = None
        self._queue = _Queue(engine)
        self._log = WriteAheadLog(engine)
        self._fixed = {"mailing": mailing_id, "owner": owner_id, "token": token}

    def turn(self, wishes: Wishes, meanwhile: Callable[[], None] = lambda: None) -> Turn:
        try:
            connection = self._connect()
            with self._queue.place(meanwhile):
                connection.execute("BEGIN IMMEDIATE")
                try:
                    turn = _TurnOnSqlite(connection, self._fixed, datetime.now(UTC), self._limits).take(wishes)
                    connection.execute("COMMIT")
                except BaseException:
                    connection.rollback()
                    raise
            self._log.sync()
        except (sqlite3.OperationalError, OSError) as error:
            self.close()
            raise DatabaseAway(str(error)) from error
        return turn

    def _connect(self) -> sqlite3.Connection:
        """The lane's connection; it speaks to the driver directly: SQLAlchemy would take half of a letter's time."""
        if self._connection is not None:
            return self._connection
        pooled = self._engine.raw_connection()
        self._connection = cast(sqlite3.Connection, pooled.driver_connection)
        # Whoever else got it from the pool would not know that its commits are not durable by themselves.
        pooled.detach()
        for pragma in PRAGMAS:
            self._connection.execute(f"PRAGMA {pragma}")
        self._log.take_over(self._connection)
        return self._connection

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._log.close()
        self._queue.close()


class _Queue:
    """Where the lanes of a database wait for each other's turns to end.

    They all write without a pause; SQLite's own way of waiting is to sleep for ever longer and to try again, and so
    the database would be idle much of the time. Whoever is killed gives its place up.
    """

    def __init__(self, engine: Engine) -> None:
        self._path = f"{engine.url.database}-turns"
        self._file: IO[bytes] | None = None

    @contextmanager
    def place(self, meanwhile: Callable[[], None]) -> Iterator[None]:
        """Wait until no other lane is in its turn, and keep them out. If there is one, `meanwhile` uses the time."""
        if self._file is None:
            self._file = open(self._path, "ab")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            meanwhile()
            fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class _TurnOnSqlite:
    """The statements of one turn, within its transaction."""

    def __init__(
        self, connection: sqlite3.Connection, fixed: dict[str, Any], now: datetime, limits: Limits | None
    ) -> None:
        self._connection = connection
        self._now = now
        self._limits = limits
        self._parameters = fixed | {"now": _stored(now)}

    def take(self, wishes: Wishes) -> Turn:
        if self._limits is None:
            return self._take(wishes)
        ledger = Ledger(lambda statement, values: self._connection.execute(statement, values).fetchall())
        begun_before = [row[0] for row in self._run(BEGUN_BEFORE, ids=json.dumps(list(wishes.begin)))]
        return take_limited(ledger, self._limits, self._now.timestamp(), wishes, begun_before, self._take)

    def _take(self, wishes: Wishes) -> Turn:
        gate = self._run(GATE).fetchone()
        if gate is None:
            raise MailingGone
        is_lane_alive, is_open = bool(gate[0]), bool(gate[1])
        may_begin = is_lane_alive and is_open
        self._record(wishes.answers)
        self._give_back(wishes)
        begun = self._begin(wishes.begin, may_begin)
        claims = self._claim(wishes) if may_begin and wishes.claim_count else []
        return Turn(is_lane_alive=is_lane_alive, is_open=is_open, begun=begun, claims=claims, now=self._now)

    def _record(self, answers: Sequence[Answer]) -> None:
        if not answers:
            return
        rows = [self._change_by(answer) for answer in answers]
        rounds = dict(self._run(RECORD, answers=json.dumps(rows)).fetchall())
        recorded = [answer for answer in answers if answer.recipient_id in rounds]
        self._connection.executemany(LOG, [self._log_of(answer, rounds[answer.recipient_id]) for answer in recorded])
        suppressed = [answer.recipient_id for answer in recorded if answer.outcome.suppresses]
        if suppressed:
            self._run(SUPPRESS_FOR_GOOD, ids=json.dumps(suppressed))

    def _change_by(self, answer: Answer) -> tuple[object, ...]:
        """What RECORD is told of an answer."""
        retry = answer.retry_seconds
        # Who is to be tried again at once met a fault of the account, which is no try of their own.
        is_try = retry != 0
        next_attempt_at = None if retry is None else _stored(self._now + timedelta(seconds=retry))
        return answer.recipient_id, answer.outcome.state.value, is_try, next_attempt_at

    def _log_of(self, answer: Answer, round_number: int) -> tuple[object, ...]:
        """The values of LOG."""
        outcome, mailing_id, now = answer.outcome, self._parameters["mailing"], self._parameters["now"]
        result = outcome.status.value, outcome.verdict.value, answer.code, answer.reply, answer.letter_id
        return mailing_id, answer.recipient_id, round_number, now, *result

    def _give_back(self, wishes: Wishes) -> None:
        returned = set(wishes.give_back)
        if wishes.held is not None:
            returned |= {row[0] for row in self._run(CLAIMED)} - set(wishes.held)
        if returned:
            self._run(GIVE_BACK, ids=json.dumps(sorted(returned)))

    def _begin(self, recipient_ids: Collection[int], may_begin: bool) -> frozenset[int]:
        if not recipient_ids:
            return frozenset()
        ids = json.dumps(list(recipient_ids))
        self._run(SUPPRESS, ids=ids)
        begun = self._run(BEGIN if may_begin else SHUT, ids=ids).fetchall()
        return frozenset(row[0] for row in begun)

    def _claim(self, wishes: Wishes) -> list[Claim]:
        ids = [row[0] for row in self._run(DUE, count=wishes.claim_count)]
        ids += [row[0] for row in self._run(FRESH, after=wishes.claim_after, count=wishes.claim_count - len(ids))]
        claims = [Claim(*row) for row in self._run(CLAIM, ids=json.dumps(ids)).fetchall()]
        return sorted(claims, key=lambda claim: ids.index(claim.recipient_id))

    def _run(self, statement: str, **parameters: object) -> sqlite3.Cursor:
        return self._connection.execute(statement, self._parameters | parameters)


def _stored(time: datetime) -> str:
    """A time as SQLAlchemy keeps it on SQLite, so that the two compare as text."""
    return time.astimezone(UTC).isoformat(" ", "microseconds").removesuffix("+00:00")
