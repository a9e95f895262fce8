"""The fence on PostgreSQL: one statement a turn, autocommitted."""

import json
import re
from typing import Any, cast

import psycopg
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from mailer.delivery.claims import Answer, Claim, DatabaseAway, MailingGone, Turn, Wishes

# The parts read one snapshot, and each row is written by one part only.
# - alive: the row lock keeps a sweep out until this turn is committed; a sweep that came first leaves no row.
# - done: a late reply may settle its own `unknown`, whose lane still bears the token, but not reopen it.
# - begun: a claimed recipient goes out, or is suppressed, or goes back because the gate is shut.
# - due, fresh: recipients who are to be tried again come first, so that a long mailing does not starve them.
TURN_PARTS = """
WITH
alive AS MATERIALIZED (
    SELECT token FROM lanes WHERE token = %(token)s FOR KEY SHARE
),
gate AS MATERIALIZED (
    SELECT EXISTS (SELECT FROM alive) AS is_alive,
           m.status = 'started' AND m.start_time <= clock_timestamp() AND clock_timestamp() < m.end_time
           AND NOT EXISTS (
               SELECT FROM holds h
               WHERE h.lifted_at IS NULL AND (h.until IS NULL OR h.until > clock_timestamp())
                     AND (h.mailing_id = m.id OR h.mailing_id IS NULL)
           ) AS is_open
    FROM mailings m WHERE m.id = %(mailing)s
),
answer AS MATERIALIZED (
    SELECT * FROM json_to_recordset(%(answers)s::json) AS t(
        id bigint, state text, status text, verdict text, code int, reply text, letter_id text, retry float
    )
),
done AS (
    UPDATE recipients r
    SET state = answer.state,
        lane = CASE WHEN answer.state = 'unknown' THEN r.lane END,
        tries = r.tries + CASE WHEN r.state = 'claimed' THEN 1 ELSE 0 END,
        next_attempt_at = clock_timestamp() + make_interval(secs => answer.retry),
        changed_at = clock_timestamp()
    FROM answer
    WHERE r.id = answer.id AND r.lane = %(token)s
          AND (r.state IN ('claimed', 'begun') OR (r.state = 'unknown' AND answer.state IN ('accepted', 'failed')))
    RETURNING r.id, r.round, r.email, r.email_key
),
logged AS (
    INSERT INTO attempts
        (mailing_id, recipient_id, round, attempted_at, status, verdict, code, reply, letter_id)
    SELECT %(mailing)s, done.id, done.round, clock_timestamp(), answer.status, answer.verdict, answer.code,
           answer.reply, answer.letter_id
    FROM done JOIN answer USING (id)
),
/* suppressed */
returned AS (
    UPDATE recipients
    SET state = 'pending', lane = NULL, next_attempt_at = clock_timestamp(), changed_at = clock_timestamp()
    WHERE id = ANY(%(give_back)s::bigint[]) AND lane = %(token)s AND state = 'claimed'
),
stepped AS (
    UPDATE recipients r
    SET state = CASE WHEN r.client_id IS NULL OR s.id IS NOT NULL THEN 'suppressed'
                     WHEN gate.is_open AND gate.is_alive THEN 'begun' ELSE 'pending' END,
        lane = CASE WHEN r.client_id IS NOT NULL AND s.id IS NULL AND gate.is_open AND gate.is_alive THEN r.lane END,
        tries = r.tries + CASE WHEN r.state = 'claimed' AND r.client_id IS NOT NULL AND s.id IS NULL
                                    AND gate.is_open AND gate.is_alive THEN 1 ELSE 0 END,
        next_attempt_at = CASE WHEN r.client_id IS NOT NULL AND s.id IS NULL AND NOT (gate.is_open AND gate.is_alive)
                               THEN clock_timestamp() END,
        changed_at = clock_timestamp()
    FROM gate, unnest(%(begin)s::bigint[]) AS wish(id)
         LEFT JOIN recipients w ON w.id = wish.id
         LEFT JOIN suppressions s ON s.owner_id = %(owner)s AND s.email_key = w.email_key AND s.lifted_at IS NULL
    WHERE r.id = wish.id AND r.lane = %(token)s AND r.state IN ('claimed', 'begun')
    RETURNING r.id, r.state
),
due AS MATERIALIZED (
    SELECT r.id FROM recipients r, gate
    WHERE gate.is_open AND gate.is_alive AND r.mailing_id = %(mailing)s
          AND r.next_attempt_at IS NOT NULL AND r.next_attempt_at <= clock_timestamp() AND r.state = 'pending'
    ORDER BY r.next_attempt_at LIMIT %(claim_count)s FOR UPDATE OF r SKIP LOCKED
),
fresh AS MATERIALIZED (
    SELECT r.id FROM recipients r, gate
    WHERE gate.is_open AND gate.is_alive AND r.mailing_id = %(mailing)s AND r.id > %(claim_after)s
          AND r.state = 'pending' AND r.next_attempt_at IS NULL
    ORDER BY r.id LIMIT %(claim_count)s - (SELECT count(*) FROM due) FOR UPDATE OF r SKIP LOCKED
),
taken AS (
    UPDATE recipients r SET state = 'claimed', lane = %(token)s, changed_at = clock_timestamp()
    FROM (SELECT id FROM due UNION ALL SELECT id FROM fresh) AS next
    WHERE r.id = next.id
    RETURNING r.id, r.email, r.full_name, r.tries
)
SELECT 'gate' AS part, is_alive::int AS id, is_open::text AS email, '' AS full_name, 0 AS tries,
       clock_timestamp() AS now
FROM gate
UNION ALL SELECT 'begun', id, state, '', 0, NULL FROM stepped
UNION ALL SELECT 'claim', id, email, full_name, tries, NULL FROM taken
"""

# A mailbox that does not exist is written to by no later mailing of this owner. Few turns hear of one, and the
# others go without this part.
SUPPRESSED_PART = """
suppressed AS (
    INSERT INTO suppressions (owner_id, email, email_key, reason, mailing_id, created_at, lift_reason)
    SELECT %(owner)s, done.email, done.email_key, 'hard_failure', %(mailing)s, clock_timestamp(), ''
    FROM done WHERE done.id = ANY(%(suppress)s::bigint[])
    ON CONFLICT DO NOTHING
),
"""

TURN = re.sub(r"\s+", " ", TURN_PARTS.replace("/* suppressed */", ""))
SUPPRESSING_TURN = re.sub(r"\s+", " ", TURN_PARTS.replace("/* suppressed */", SUPPRESSED_PART))


# A turn touches a handful of rows, each by its key. The statistics of a table that a start has just filled say
# otherwise, and a plan that reads or sorts the whole mailing would make every turn as slow as the mailing is large.
PLANNING = """
SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;
SET enable_sort = off; SET jit = off; SET plan_cache_mode = force_generic_plan
"""

# Claims of this lane that it never heard of: the answer to their turn was lost with a connection.
ORPHANS = """
SELECT id FROM recipients
WHERE mailing_id = %(mailing)s AND lane = %(token)s AND state = 'claimed' AND NOT id = ANY(%(held)s::bigint[])
"""


class PostgresqlFence:
    """See mailer.delivery.claims."""

    def __init__(self, engine: Engine, mailing_id: int, owner_id: int, token: str) -> None:
        self._engine = engine
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self._fixed = {"mailing": mailing_id, "owner": owner_id, "token": token}

    def turn(self, wishes: Wishes) -> Turn:
        try:
            if self._connection is None:
                self._connection = self._connect()
            parameters = {**self._fixed, **_parameters(wishes)}
            if wishes.held is not None:
                orphans = self._connection.execute(ORPHANS, {**self._fixed, "held": list(wishes.held)}).fetchall()
                parameters["give_back"] += [row[0] for row in orphans]
            turn = SUPPRESSING_TURN if parameters["suppress"] else TURN
            return _turn(self._connection.execute(turn, parameters, prepare=True).fetchall())
        except (psycopg.OperationalError, psycopg.InterfaceError, DBAPIError) as error:
            # Whatever state the connection is in, the next turn gets a new one.
            self.close()
            raise DatabaseAway(str(error)) from error

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection of the lane's own, taken out of the pool for good: it works in autocommit."""
        pooled = self._engine.raw_connection()
        connection = cast(psycopg.Connection[tuple[Any, ...]], pooled.driver_connection)
        pooled.detach()
        connection.autocommit = True
        connection.execute(PLANNING)
        return connection


def _parameters(wishes: Wishes) -> dict[str, Any]:
    return {
        "answers": json.dumps([_row_of(answer) for answer in wishes.answers]),
        "suppress": [answer.recipient_id for answer in wishes.answers if answer.outcome.suppresses],
        "begin": list(wishes.begin),
        "give_back": list(wishes.give_back),
        "claim_count": wishes.claim_count,
        "claim_after": wishes.claim_after,
    }


def _row_of(answer: Answer) -> dict[str, Any]:
    return {
        "id": answer.recipient_id,
        "state": answer.outcome.state,
        "status": answer.outcome.status,
        "verdict": answer.outcome.verdict,
        "code": answer.code,
        "reply": answer.reply,
        "letter_id": answer.letter_id,
        "retry": answer.retry_seconds,
    }


def _turn(rows: list[tuple[Any, ...]]) -> Turn:
    gate = next((row for row in rows if row[0] == "gate"), None)
    if gate is None:
        # The mailing itself is gone, and its recipients with it.
        raise MailingGone
    return Turn(
        is_lane_alive=bool(gate[1]),
        is_open=gate[2] == "true",
        begun=frozenset(row[1] for row in rows if row[0] == "begun" and row[2] == "begun"),
        claims=[Claim(*row[1:5]) for row in rows if row[0] == "claim"],
        now=gate[5],
    )
