"""The statement of a turn on PostgreSQL, put together from what the turn has to do."""

import functools
import re

from psycopg.postgres import types

_LONG, _LONGS, _TEXTS = types["int8"].oid, types["int8"].array_oid, types["text"].array_oid
# In the order in which they are numbered, each with the id of its type. The answers come as an array a column, which is
# less work for both sides than JSON.
PARAMETERS = {
    "token": types["text"].oid,
    "mailing": _LONG,
    "owner": _LONG,
    "answered": _LONGS,
    "states": _TEXTS,
    "statuses": _TEXTS,
    "verdicts": _TEXTS,
    "codes": types["int4"].array_oid,
    "replies": _TEXTS,
    "letter_ids": _TEXTS,
    "retries": types["float8"].array_oid,
    "suppress": _LONGS,
    "begin": _LONGS,
    "give_back": _LONGS,
    "claim_count": _LONG,
    "claim_after": _LONG,
}

# The parts read one snapshot, and each row is written by one part only. A part that a turn does not need is left out,
# because setting it up costs as much as several letters.
# - alive: the row lock keeps a sweep out until this turn is committed; a sweep that came first leaves no row.
# - done: a late reply may settle its own `unknown`, whose lane still bears the token, but not reopen it.
#   Who is to be tried again at once met a fault of the account, which is no try of their own.
# - stepped: a claimed recipient goes out, or is suppressed, or goes back because the gate is shut.
FENCE = """
alive AS MATERIALIZED (
    SELECT token FROM lanes WHERE token = %(token)s FOR KEY SHARE
),
gate AS MATERIALIZED (
    SELECT EXISTS (SELECT FROM alive) AS is_alive,
           m.status = 'started' AND m.start_time <= clock_timestamp() AND clock_timestamp() < m.end_time
           AND NOT EXISTS (
               SELECT FROM holds h
               WHERE h.lifted_at IS NULL
                     AND (h.until IS NULL OR h.until > clock_timestamp()
                          OR (h.mailing_id IS NULL AND h.probe IS DISTINCT FROM %(token)s))
                     AND (h.mailing_id = m.id OR h.mailing_id IS NULL)
           ) AS is_open
    FROM mailings m WHERE m.id = %(mailing)s
)"""
RECORD = """
answer AS (
    SELECT * FROM unnest(
        %(answered)s::bigint[], %(states)s::text[], %(statuses)s::text[], %(verdicts)s::text[], %(codes)s::int[],
        %(replies)s::text[], %(letter_ids)s::text[], %(retries)s::float8[]
    ) AS t(id, state, status, verdict, code, reply, letter_id, retry)
),
done AS (
    UPDATE recipients r
    SET state = answer.state,
        lane = CASE WHEN answer.state = 'unknown' THEN r.lane END,
        tries = r.tries + CASE WHEN answer.retry = 0 THEN -(r.state = 'begun')::int ELSE (r.state = 'claimed')::int END,
        next_attempt_at = clock_timestamp() + make_interval(secs => answer.retry),
        changed_at = clock_timestamp()
    FROM answer
    WHERE r.id = answer.id AND r.lane = %(token)s
          AND (r.state IN ('claimed', 'begun') OR (r.state = 'unknown' AND answer.state IN ('accepted', 'failed')))
    RETURNING r.id, r.email, r.email_key, r.round, answer.status, answer.verdict, answer.code, answer.reply,
              answer.letter_id
),
logged AS (
    INSERT INTO attempts
        (mailing_id, recipient_id, round, attempted_at, status, verdict, code, reply, letter_id)
    SELECT %(mailing)s, id, round, clock_timestamp(), status, verdict, code, reply, letter_id FROM done
)"""
# A mailbox that does not exist is written to by no later mailing of this owner.
SUPPRESS = """
suppressed AS (
    INSERT INTO suppressions (owner_id, email, email_key, reason, mailing_id, created_at, lift_reason)
    SELECT %(owner)s, done.email, done.email_key, 'hard_failure', %(mailing)s, clock_timestamp(), ''
    FROM done WHERE done.id = ANY(%(suppress)s::bigint[])
    ON CONFLICT DO NOTHING
)"""
GIVE_BACK = """
returned AS (
    UPDATE recipients
    SET state = 'pending', lane = NULL, next_attempt_at = clock_timestamp(), changed_at = clock_timestamp()
    WHERE id = ANY(%(give_back)s::bigint[]) AND lane = %(token)s AND state = 'claimed'
)"""
BEGIN = """
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
)"""
# Recipients who are to be tried again come first, so that a long mailing does not starve them.
CLAIM = """
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
)"""
# One row, as each further one would cost both sides as much as all that is in it.
SETTLED = """
SELECT is_alive, is_open, extract(epoch FROM clock_timestamp()), {begun}, {claims} FROM gate"""
BEGUN = "(SELECT string_agg(id::text, ' ') FROM stepped WHERE state = 'begun')"
CLAIMS = "(SELECT json_agg(json_build_array(id, email, full_name, tries)) FROM taken)"


@functools.cache
def turn_statement(*, records: bool, suppresses: bool, gives_back: bool, begins: bool, claims: bool) -> str:
    """The one statement of a turn that has these things to do; what suppresses also records."""
    chosen = ((records, RECORD), (suppresses, SUPPRESS), (gives_back, GIVE_BACK), (begins, BEGIN), (claims, CLAIM))
    parts = [FENCE, *(part for is_chosen, part in chosen if is_chosen)]
    settled = SETTLED.format(begun=BEGUN if begins else "NULL", claims=CLAIMS if claims else "NULL")
    statement = re.sub(r"\s+", " ", "WITH " + ",".join(parts) + settled)
    for number, name in enumerate(PARAMETERS, 1):
        statement = statement.replace(f"%({name})s", f"${number}")
    return statement
