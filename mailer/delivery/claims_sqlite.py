"""The fence on SQLite: one short BEGIN IMMEDIATE transaction a turn, with the whole database to itself."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, CursorResult, Engine

from mailer.delivery.claims import Answer, Claim, MailingGone, Turn, Wishes
from mailer.models.transactions import WRITING

GATE = """
SELECT EXISTS (SELECT 1 FROM lanes WHERE token = :token),
       m.status = 'started' AND m.start_time <= :now AND :now < m.end_time
       AND NOT EXISTS (
           SELECT 1 FROM holds h
           WHERE h.lifted_at IS NULL AND (h.until IS NULL OR h.until > :now)
                 AND (h.mailing_id = m.id OR h.mailing_id IS NULL)
       )
FROM mailings m WHERE m.id = :mailing
"""
# A late reply may settle its own `unknown`, whose lane still bears the token, but not reopen it.
RECORD = """
UPDATE recipients SET state = :state, lane = CASE WHEN :state = 'unknown' THEN lane END,
       tries = tries + (state = 'claimed'), next_attempt_at = :next_attempt_at, changed_at = :now
WHERE id = :id AND lane = :token
      AND (state IN ('claimed', 'begun') OR (state = 'unknown' AND :state IN ('accepted', 'failed')))
RETURNING round
"""
LOG = """
INSERT INTO attempts (mailing_id, recipient_id, round, attempted_at, status, verdict, code, reply, letter_id)
VALUES (:mailing, :id, :round, :now, :status, :verdict, :code, :reply, :letter_id)
"""
RETURN_ONE = """
UPDATE recipients SET state = 'pending', lane = NULL, changed_at = :now
WHERE id = :id AND lane = :token AND state = 'claimed'
"""
CLAIMED = "SELECT id FROM recipients WHERE lane = :token AND state = 'claimed'"
SUPPRESS = """
UPDATE recipients SET state = 'suppressed', lane = NULL, next_attempt_at = NULL, changed_at = :now
WHERE id = :id AND lane = :token AND state IN ('claimed', 'begun')
      AND (client_id IS NULL OR EXISTS (
          SELECT 1 FROM suppressions s
          WHERE s.owner_id = :owner AND s.email_key = recipients.email_key AND s.lifted_at IS NULL
      ))
"""
# A repeated turn finds its letter begun already, and must not count a second try.
BEGIN = """
UPDATE recipients SET state = 'begun', tries = tries + (state = 'claimed'), next_attempt_at = NULL, changed_at = :now
WHERE id = :id AND lane = :token AND state IN ('claimed', 'begun')
RETURNING id
"""
SHUT = """
UPDATE recipients SET state = 'pending', lane = NULL, next_attempt_at = NULL, changed_at = :now
WHERE id = :id AND lane = :token AND state IN ('claimed', 'begun')
"""
# Recipients who wait for another try come first, so that a long mailing does not starve them.
DUE = """
SELECT id FROM recipients
WHERE mailing_id = :mailing AND state = 'pending' AND next_attempt_at IS NOT NULL AND next_attempt_at <= :now
ORDER BY next_attempt_at LIMIT :count
"""
FRESH = """
SELECT id FROM recipients
WHERE mailing_id = :mailing AND state = 'pending' AND next_attempt_at IS NULL
ORDER BY id LIMIT :count
"""
CLAIM = """
UPDATE recipients SET state = 'claimed', lane = :token, changed_at = :now WHERE id = :id
RETURNING id, email, full_name, tries
"""


class SqliteFence:
    """See mailer.delivery.claims."""

    def __init__(self, engine: Engine, mailing_id: int, owner_id: int, token: str) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._fixed = {"mailing": mailing_id, "owner": owner_id, "token": token}

    def turn(self, wishes: Wishes) -> Turn:
        if self._connection is None:
            self._connection = self._engine.connect().execution_options(**WRITING)
        try:
            with self._connection.begin():
                return self._turn(wishes, datetime.now(UTC))
        except Exception:
            self.close()
            raise

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _turn(self, wishes: Wishes, now: datetime) -> Turn:
        gate = self._execute(GATE, now).first()
        if gate is None:
            raise MailingGone
        is_lane_alive, is_open = bool(gate[0]), bool(gate[1])
        for answer in wishes.answers:
            self._record(answer, now)
        self._return(wishes, now)
        may_begin = is_lane_alive and is_open
        begun = self._begin(wishes.begin, may_begin, now)
        claims = self._claim(wishes.claim_count, now) if may_begin else []
        return Turn(is_lane_alive=is_lane_alive, is_open=is_open, begun=begun, claims=claims, now=now)

    def _record(self, answer: Answer, now: datetime) -> None:
        outcome = answer.outcome
        retry_at = None if answer.retry_seconds is None else now + timedelta(seconds=answer.retry_seconds)
        row = self._execute(
            RECORD,
            now,
            id=answer.recipient_id,
            state=outcome.state.value,
            next_attempt_at=None if retry_at is None else _stored(retry_at),
        ).first()
        if row is not None:
            self._execute(
                LOG,
                now,
                id=answer.recipient_id,
                round=row[0],
                status=outcome.status.value,
                verdict=outcome.verdict.value,
                code=answer.code,
                reply=answer.reply,
                letter_id=answer.letter_id,
            )

    def _return(self, wishes: Wishes, now: datetime) -> None:
        returned = set(wishes.give_back)
        if wishes.held is not None:
            returned |= {row[0] for row in self._execute(CLAIMED, now)} - set(wishes.held)
        for recipient_id in returned:
            self._execute(RETURN_ONE, now, id=recipient_id)

    def _begin(self, recipient_ids: Collection[int], may_begin: bool, now: datetime) -> frozenset[int]:
        begun = set()
        for recipient_id in recipient_ids:
            if self._execute(SUPPRESS, now, id=recipient_id).rowcount:
                continue
            if not may_begin:
                self._execute(SHUT, now, id=recipient_id)
            elif self._execute(BEGIN, now, id=recipient_id).first() is not None:
                begun.add(recipient_id)
        return frozenset(begun)

    def _claim(self, count: int, now: datetime) -> Sequence[Claim]:
        if count == 0:
            return []
        ids = [row[0] for row in self._execute(DUE, now, count=count)]
        ids += [row[0] for row in self._execute(FRESH, now, count=count - len(ids))]
        return [Claim(*self._execute(CLAIM, now, id=recipient_id).one()) for recipient_id in ids]

    def _execute(self, statement: str, now: datetime, **parameters: object) -> CursorResult[*tuple[Any, ...]]:
        assert self._connection is not None
        return self._connection.exec_driver_sql(statement, self._fixed | {"now": _stored(now)} | parameters)


def _stored(time: datetime) -> str:
    """A time as SQLAlchemy keeps it on SQLite, so that the two compare as text."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
