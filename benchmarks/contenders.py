"""What is measured: Mailer end to end, and beside it a loop of Flask-Mail, plain smtplib, and smtp-source."""

import contextlib
import os
import smtplib
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

from flask import Flask
from flask_mail import Message
from sqlalchemy import Engine, bindparam, func, select, text
from sqlalchemy.orm import Session

from benchmarks.servers import program
from mailer import create_app
from mailer.delivery.bell import ring_start
from mailer.delivery.presence import SCHEDULER_KEY
from mailer.domain.accounts import register
from mailer.domain.booking import book_mailing
from mailer.domain.clock import database_now
from mailer.domain.messages import add_message
from mailer.domain.progress import claim_start
from mailer.extensions import db, mail
from mailer.models.clients import Client
from mailer.models.mailings import Attempt, AttemptStatus, Audience, Mailing, Recipient, Verdict
from mailer.models.transactions import begin_writing
from tests.support.processes import Processes
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_until

WORKERS = 2

# As people enter them, but by one statement.
CLIENTS = text(
    """
    INSERT INTO clients
        (owner_id, email, email_key, full_name, name_key, comment, search_key, created_at, updated_at)
    WITH RECURSIVE numbers(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < :count)
    SELECT :owner, email, email, name, lower(name), '', lower(name || char_10 || email || char_10), :now, :now
    FROM (
        SELECT 'client' || number || '@example.org' AS email, 'Client Number ' || number AS name, '\n' AS char_10
        FROM numbers
    ) AS named
    """
).bindparams(bindparam("now", type_=Client.created_at.type))


@dataclass(frozen=True)
class Result:
    """One run. Seconds, letters a second, CPU seconds per 1,000 letters, megabytes, bytes."""

    rate: float
    cpu: float | None = None
    memory: float | None = None
    bytes_per_recipient: float | None = None
    first_letter: float | None = None


def environment(database_url: str, redis: RedisServer, mail_port: int, connections: int, **more: str) -> dict[str, str]:
    return {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis.url,
        "MAIL_SERVER": "127.0.0.1",
        "MAIL_PORT": str(mail_port),
        "MAIL_DEFAULT_SENDER": "Corner Shop <shop@mailer.example>",
        "MAIL_CONNECTIONS": str(connections),
        "SECRET_KEY": "a key that only benchmarks know",
        "BASE_URL": "https://mailer.example",
        **more,
    }


@contextlib.contextmanager
def application(settings: dict[str, str]) -> Iterator[Flask]:
    before = dict(os.environ)
    os.environ.update(settings)
    try:
        app = create_app()
        with app.app_context():
            yield app
            db.engine.dispose()
    finally:
        os.environ.clear()
        os.environ.update(before)


def body_of(size: int) -> str:
    """A plain text of `size` bytes in lines of 72 characters."""
    line = "The quick brown fox jumps over the lazy dog, and the dog lets it be.\n"
    return (line * (size // len(line) + 1))[:size]


def seed(
    engine: Engine,
    recipients: int,
    size: int,
    owner_email: str = "owner@mailer.example",
    starts_in: timedelta = timedelta(0),
) -> int:
    """An owner with so many clients, and a mailing to all of them, which is due now if not said otherwise; its id."""
    with Session(engine) as session:
        begin_writing(session)
        now = database_now(session)
        owner = register(session, owner_email, "nobody signs in", now)
        session.execute(CLIENTS, {"owner": owner.id, "count": recipients, "now": now})
        message = add_message(session, owner.id, "News of the shop", body_of(size), now)
        start = now + starts_in
        mailing = book_mailing(session, owner.id, message, Audience.ALL, [], start, start + timedelta(days=1), now)
        session.commit()
        return mailing.id


@contextlib.contextmanager
def working(settings: dict[str, str], redis: RedisServer, log_dir: Path) -> Iterator[list[int]]:
    """The workers and the scheduler at work; the process ids of the workers."""
    redis.client.flushall()
    processes = Processes(settings, log_dir)
    try:
        workers = [processes.start_worker() for _ in range(WORKERS)]
        processes.start_scheduler()
        # Whoever still starts would take the time of those who are measured.
        wait_until(lambda: redis.client.scard("rq:workers") == WORKERS, "the workers")
        wait_until(lambda: redis.client.exists(SCHEDULER_KEY), "the scheduler")
        yield [worker.process.pid for worker in workers]
    finally:
        processes.end_all()


def mailer(settings: dict[str, str], redis: RedisServer, recipients: int, size: int, log_dir: Path) -> Result:
    """End to end: from the ring to the completed mailing, through RQ and real worker processes."""
    with application(settings):
        mailing_id = seed(db.engine, recipients, size)
        analyze(db.engine)
        before = _bytes(db.engine)
        with working(settings, redis, log_dir) as pids:
            peak = Peak(pids)
            began_at = now_of(db.engine)
            ring_start(mailing_id)
            # The database knows when it was completed, so looking seldom costs nothing but time.
            wait_until(lambda: completed_at_of(db.engine, mailing_id), "the mailing", within=3600, every=0.5)
            cpu = sum(_cpu_seconds_with_children(pid) for pid in pids)
        with Session(db.engine) as session:
            first = session.scalar(select(func.min(Attempt.attempted_at)))
            completed_at = completed_at_of(db.engine, mailing_id)
            accepted = session.scalar(select(func.count()).select_from(Attempt))
        assert first is not None and completed_at is not None and accepted == recipients
        return Result(
            rate=recipients / (completed_at - began_at).total_seconds(),
            cpu=cpu / recipients * 1000,
            memory=peak.megabytes(),
            bytes_per_recipient=(_bytes(db.engine) - before) / recipients,
            first_letter=(first - began_at).total_seconds(),
        )


def flask_mail_loop(settings: dict[str, str], letters: int, size: int) -> Result:
    """What an application without an engine does: `mail.send`, and an attempt committed for each letter."""
    with application(settings):
        mailing_id = seed(db.engine, letters, size)
        with Session(db.engine) as session:
            begin_writing(session)
            claim_start(session, mailing_id, database_now(session))
            session.commit()
            recipients = session.execute(select(Recipient.id, Recipient.email)).all()
            session.rollback()
            body = body_of(size)
            began, cpu = time.monotonic(), time.process_time()
            for recipient_id, email in recipients:
                mail.send(Message("News of the shop", [email], body))
                session.add(
                    Attempt(
                        mailing_id=mailing_id,
                        recipient_id=recipient_id,
                        attempted_at=database_now(session),
                        status=AttemptStatus.SUCCESS,
                        verdict=Verdict.ACCEPTED,
                        code=250,
                        reply="",
                    )
                )
                session.commit()
            seconds = time.monotonic() - began
            return Result(letters / seconds, cpu=(time.process_time() - cpu) / letters * 1000)


def smtp_source(port: int, letters: int, size: int, sessions: int = 10) -> Result:
    """Postfix's load generator, in C and without any records: `smtp-source -d -s 10`."""
    options = ["-d", "-s", str(sessions), "-l", str(size), "-m", str(letters)]
    began = time.monotonic()
    subprocess.run([program("smtp-source", "postfix"), *options, f"127.0.0.1:{port}"], check=True)
    return Result(letters / (time.monotonic() - began))


def plain_smtplib(port: int, letters: int, size: int, connections: int) -> Result:
    """smtplib with as many connections, each in a thread and kept open, letters built once; no records."""
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "shop@mailer.example", "client@example.org", "News of the shop"
    letter.set_content(body_of(size))
    raw = letter.as_bytes()

    def send_share() -> None:
        with smtplib.SMTP("127.0.0.1", port) as client:
            for _ in range(letters // connections):
                client.sendmail("shop@mailer.example", ["client@example.org"], raw)

    threads = [threading.Thread(target=send_share) for _ in range(connections)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Result(letters // connections * connections / (time.monotonic() - began))


class Peak(threading.Thread):
    """Looks twice a second how much memory the workers and their work-horses have needed at most."""

    def __init__(self, pids: list[int]) -> None:
        super().__init__(daemon=True)
        self._pids = pids
        self._kilobytes = 0
        self._over = threading.Event()
        self.start()

    def run(self) -> None:
        while not self._over.wait(0.5):
            for parent in self._pids:
                with contextlib.suppress(OSError):
                    for pid in (parent, *_children(parent)):
                        self._kilobytes = max(self._kilobytes, _high_water(pid))

    def megabytes(self) -> float:
        self._over.set()
        self.join()
        return self._kilobytes / 1024


def _high_water(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _cpu_seconds_with_children(pid: int) -> float:
    """Of a process and of all its children; one that ends while this looks is among those that have ended then."""
    living = 0.0
    for child in _children(pid):
        with contextlib.suppress(OSError):
            living += _cpu_seconds(child)
    return living + _cpu_seconds(pid)


def _cpu_seconds(pid: int) -> float:
    """Of a process and of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def completed_at_of(engine: Engine, mailing_id: int) -> datetime | None:
    with Session(engine) as session:
        return session.scalar(select(Mailing.completed_at).where(Mailing.id == mailing_id))


def now_of(engine: Engine) -> datetime:
    with Session(engine) as session:
        return database_now(session)


def analyze(engine: Engine) -> None:
    """What PostgreSQL's own daemon would have done a minute later; nobody does so for SQLite."""
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))


def _bytes(engine: Engine) -> int:
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            pages = connection.execute(text("PRAGMA page_count")).scalar_one()
            return int(pages) * int(connection.execute(text("PRAGMA page_size")).scalar_one())
        return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
