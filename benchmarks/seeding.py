"""An installation that has been at work for years: clients, mailings and attempts by the million, made in minutes.

`python -m benchmarks.seeding` fills the migrated database that DATABASE_URL names; MANY_CLIENTS, MAILINGS and ATTEMPTS
in the environment change the size. One owner has nearly everything, a second one a little; 3 % of the letters fail, as
many are put off once, and the addresses lie in forty large domains and a long tail of small ones.
"""

import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from sqlite3 import Connection as SqliteConnection
from typing import Any

from sqlalchemy import Engine, bindparam, event, text
from sqlalchemy.orm import Session

from mailer import create_app
from mailer.delivery.summing import sum_mailing
from mailer.extensions import db
from mailer.models.clients import Client
from mailer.models.transactions import begin_writing
from mailer.models.users import User
from tests.support.factories import message_of, user_of

# Mailings whose recipients and attempts are written by one statement.
AT_ONCE = 50
HOURS_BETWEEN = 6
# Of a thousand recipients of a mailing, by a number that looks as if it were drawn: the first so many of them ...
FAILED, UNKNOWN, PUT_OFF = 28, 30, 60
# ... fail, are unknown, or are put off once before they are accepted; and the last ones must not be written to.
SUPPRESSED = 990
# Among so many recipients there are a thousand of whom those that fail do so in a way that nobody has seen before.
RARE = 2_000_003
# Of a hundred clients so many have their address in the long tail.
TAIL_PERCENT, TAIL_DOMAINS = 12, 20_000


@dataclass(frozen=True)
class Size:
    clients: int = 1_000_000
    mailings: int = 2_000
    attempts: int = 10_000_000

    @property
    def recipients(self) -> int:
        """Of each mailing; one attempt each, and a second one for those who are put off."""
        return self.attempts // self.mailings


def size_wanted() -> Size:
    names = {"clients": "MANY_CLIENTS", "mailings": "MAILINGS", "attempts": "ATTEMPTS"}
    return Size(**{field: int(os.environ[name]) for field, name in names.items() if os.environ.get(name)})


def seed(engine: Engine, size: Size) -> None:
    """Fill a migrated, empty database."""
    is_sqlite = engine.dialect.name == "sqlite"
    if is_sqlite:
        event.listen(engine, "connect", _hurry)
        engine.dispose()
    with Session(engine) as session:
        begin_writing(session)
        _make_owners(session)
        begins_at = datetime.now(UTC) - timedelta(hours=HOURS_BETWEEN * (size.mailings + 1))
        session.execute(CLIENTS, {"count": size.clients, "now": begins_at})
        session.execute(text(SUPPRESSIONS))
        moment = _moment_on_sqlite if is_sqlite else _moment_on_postgresql
        begin = begins_at.strftime("%Y-%m-%d %H:%M:%S")
        at = [moment(begin, f"n * {HOURS_BETWEEN * 3600} + {seconds}") for seconds in (0, 3600, 7200)]
        mailings = MAILINGS.format(starts=at[0], completed=at[1], ends=at[2])
        session.execute(text(mailings), {"count": size.mailings})
        session.commit()
    for first in range(1, size.mailings + 1, AT_ONCE):
        with Session(engine) as session:
            begin_writing(session)
            values = {"first": first, "last": first + AT_ONCE - 1, "clients": size.clients, "count": size.recipients}
            session.execute(text(RECIPIENTS), values)
            later = "mailing_id * {} + place / {:.3f}".format(HOURS_BETWEEN * 3600, max(size.recipients / 3000, 0.001))
            session.execute(text(ATTEMPTS.format(moment=moment(begin, later))), values)
            session.commit()
    if not is_sqlite:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            # What its own daemon would have done long ago. Nobody does so for SQLite.
            connection.execute(text("VACUUM ANALYZE"))
    for mailing_id in range(size.mailings, 0, -1):
        sum_mailing(engine, mailing_id)


def _make_owners(session: Session) -> None:
    for name in ("Alice", "Bob"):
        owner: User = user_of(session, f"{name.lower()}@mailer.example", name)
        message_of(owner)


def _hurry(connection: SqliteConnection, _record: Any) -> None:
    """Memory for the pages of the indexes, and no wait for the disk: who is interrupted here begins anew."""
    connection.execute("PRAGMA cache_size = -1000000")
    connection.execute("PRAGMA synchronous = OFF")


def _moment_on_sqlite(begin: str, seconds: str) -> str:
    return f"strftime('%Y-%m-%d %H:%M:%S.000000', '{begin}', ({seconds}) || ' seconds')"


def _moment_on_postgresql(begin: str, seconds: str) -> str:
    return f"timestamptz '{begin}+00' + ({seconds}) * interval '1 second'"


NUMBERS = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count)"

CLIENTS = text(
    f"""
    INSERT INTO clients
        (owner_id, email, email_key, full_name, name_key, comment, search_key, created_at, updated_at)
    {NUMBERS},
    addressed AS (
        SELECT n, 'client' || n || '@' || CASE
            WHEN n % 100 < {TAIL_PERCENT} THEN 'shop' || (n % {TAIL_DOMAINS}) || '.example'
            WHEN n % 100 < 50 THEN 'bigmail.example'
            WHEN n % 100 < 70 THEN 'post.example'
            ELSE 'provider' || (n % 38) || '.example' END AS email,
            CASE n % 4 WHEN 0 THEN 'Anna' WHEN 1 THEN 'Oleg' WHEN 2 THEN 'Irina' ELSE 'Boris' END
            || ' ' || CASE n % 3 WHEN 0 THEN 'Belova' WHEN 1 THEN 'Tarasov' ELSE 'Novak' END || ' ' || n AS name
        FROM numbers
    )
    SELECT CASE WHEN n % 1000 = 7 THEN 2 ELSE 1 END, email, email, name, lower(name), '',
        lower(name || ' ' || email), :now, :now
    FROM addressed
    """
).bindparams(bindparam("now", type_=Client.created_at.type))

SUPPRESSIONS = """
    INSERT INTO suppressions (owner_id, email, email_key, reason, created_at, lift_reason)
    SELECT owner_id, email, email_key, 'unsubscribed', created_at, '' FROM clients WHERE id % 100 = 0
"""

# The second owner has one mailing in a hundred.
MAILINGS = f"""
    INSERT INTO mailings (owner_id, audience, start_time, end_time, status, subject, body, search_key, round,
        claimed_up_to, created_at, updated_at, started_at, completed_at)
    {NUMBERS}
    SELECT CASE WHEN n % 100 = 7 THEN 2 ELSE 1 END, 'all', {{starts}}, {{ends}}, 'completed', 'News ' || n, 'Hello',
        'news ' || n, 1, 0, {{starts}}, {{starts}}, {{starts}}, {{completed}}
    FROM numbers
"""

# `draw` is what decides about a recipient, here and in the attempts. Whom the owner does not have on file was a client.
RECIPIENTS = f"""
    INSERT INTO recipients
        (mailing_id, client_id, email, email_key, full_name, state, tries, round, changed_at)
    {NUMBERS},
    drawn AS (
        SELECT mailings.id AS mailing_id, owner_id, completed_at, (mailings.id * 4999 + n) * 7919 % 1000 AS draw,
            1 + (mailings.id * 104729 + n) % :clients AS client_id
        FROM mailings CROSS JOIN numbers WHERE mailings.id BETWEEN :first AND :last
    )
    SELECT mailing_id, CASE WHEN drawn.owner_id = clients.owner_id THEN clients.id END, email, email_key, full_name,
        CASE WHEN draw < {FAILED} THEN 'failed' WHEN draw < {UNKNOWN} THEN 'unknown'
            WHEN draw < {SUPPRESSED} THEN 'accepted' ELSE 'suppressed' END,
        CASE WHEN draw < {UNKNOWN} THEN 1 WHEN draw < {PUT_OFF} THEN 2 WHEN draw < {SUPPRESSED} THEN 1 ELSE 0 END,
        1, completed_at
    FROM drawn JOIN clients ON clients.id = drawn.client_id
    ORDER BY mailing_id
"""

# Each kind of answer; <> and # in a reply stand for the recipient's address and number.
ATTEMPTS = f"""
    INSERT INTO attempts
        (mailing_id, recipient_id, round, attempted_at, status, verdict, code, reply, letter_id)
    WITH answers(kind, status, verdict, code, reply) AS (VALUES
        (1, 'success', 'accepted', 250, '2.0.0 Ok: queued as #'),
        (2, 'deferred', 'temporary', 451, '4.7.1 Greylisted, try again in 5 minutes'),
        (3, 'failed', 'recipient', 550, '5.1.1 <<>>: Recipient address rejected: User unknown'),
        (4, 'failed', 'recipient', 550, '5.2.1 The mailbox is disabled'),
        (5, 'failed', 'content', 554, '5.7.1 Message rejected under suspicion of SPAM'),
        (6, 'failed', 'recipient', 552, '5.2.2 Mailbox is full'),
        (7, 'unknown', 'unknown', NULL, 'the server closed the connection'),
        (8, 'failed', 'recipient', 571, '5.7.1 Delivery not authorized')
    ),
    first_ids AS (
        SELECT mailing_id AS of_mailing, min(id) AS first_id FROM recipients
        WHERE mailing_id BETWEEN :first AND :last GROUP BY mailing_id
    ),
    tried AS (
        SELECT id, mailing_id, email, id - first_id AS place, turn, CASE
            WHEN turn < tries THEN 2
            WHEN state = 'accepted' THEN 1
            WHEN state = 'unknown' THEN 7
            WHEN id % {RARE} < 1000 THEN 8
            WHEN id % 20 < 9 THEN 3
            WHEN id % 20 < 14 THEN 4
            WHEN id % 20 < 19 THEN 5
            ELSE 6 END AS kind
        FROM recipients JOIN first_ids ON mailing_id = of_mailing
            JOIN (SELECT 1 AS turn UNION ALL SELECT 2) AS turns ON turn <= tries
        WHERE mailing_id BETWEEN :first AND :last
    )
    SELECT mailing_id, id, 1, {{moment}}, status, verdict, code, replace(replace(reply, '<>', email), '#', '' || id),
        mailing_id || '.' || id || '.' || turn || '.5f3a@mailer.example'
    FROM tried JOIN answers ON answers.kind = tried.kind ORDER BY mailing_id, turn, id
"""


def main() -> None:
    began = time.monotonic()
    app, size = create_app(), size_wanted()
    with app.app_context():
        seed(db.engine, size)
        db.engine.dispose()
    seconds = time.monotonic() - began
    print(f"{size.clients:,} clients, {size.mailings:,} mailings, {size.attempts:,} attempts: {seconds:.0f} s")


if __name__ == "__main__":
    main()
