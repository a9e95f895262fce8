"""`make bench-pages`, its second part: the pages about years of work, warm and right after a restart.

Each is asked for RUNS times in a process that has answered it once; once in a new process, after the database has been
started anew; and once more so after the machine has been made to forget the database's files, where it lets us, as it
would have after a start of its own.
"""

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import psycopg
from sqlalchemy import Engine, create_engine, func, select
from sqlalchemy.orm import Session

from benchmarks import servers
from benchmarks.contenders import environment
from benchmarks.seeding import Size, seed
from benchmarks.timing import RUNS, Answer, timed
from mailer import create_app
from mailer.extensions import db
from mailer.models.mailings import Attempt, Mailing, Recipient
from mailer.models.transactions import prepare_sqlite
from mailer.models.users import User
from mailer.web.warming import warm_up
from tests.support.databases import migrate
from tests.support.postgresql_server import PostgresqlServer, postgresql_programs
from tests.support.redis_server import RedisServer
from tests.support.visitor import Visitor, visitor

# What the product promises of each page here.
MOST_MILLISECONDS, MOST_MILLISECONDS_RESTARTED, MOST_QUERIES = 100, 400, 10
# Of the file of clients, which is streamed.
MOST_MEGABYTES, MOST_SECONDS_TO_FIRST_BYTE = 100, 1.0
DROP_CACHES = Path("/proc/sys/vm/drop_caches")
LINKS_FOLLOWED, PAGE_SIZE = 1000, 50


@dataclass(frozen=True)
class Measured:
    """A page's answer when warm, and the milliseconds of the first one after a restart; also of the whole machine."""

    answer: Answer
    restarted: float
    forgotten: float | None

    @property
    def is_kept(self) -> bool:
        is_quick = self.answer.p95 <= MOST_MILLISECONDS and self.restarted <= MOST_MILLISECONDS_RESTARTED
        return is_quick and self.answer.queries <= MOST_QUERIES


class Installed(Protocol):
    """A seeded database that can be started anew."""

    url: str

    def restart(self) -> None: ...


class SqliteFile:
    def __init__(self, path: Path) -> None:
        self.url = f"sqlite:///{path}"

    def restart(self) -> None:
        """A file has nothing to start; its reader is a new process anyway."""


class PostgresqlCluster:
    def __init__(self, server: PostgresqlServer, database: str) -> None:
        self._server = server
        self.url = server.url.replace("/postgres", f"/{database}")

    def restart(self) -> None:
        process = self._server.process
        assert process is not None
        process.send_signal(signal.SIGINT)
        process.wait()
        self._server.start()


@contextmanager
def sqlite_file(size: Size) -> Iterator[SqliteFile]:
    with tempfile.TemporaryDirectory() as folder:
        installed = SqliteFile(Path(folder) / "mailer.sqlite")
        fill(installed.url, size)
        yield installed


@contextmanager
def postgresql_cluster(size: Size) -> Iterator[PostgresqlCluster]:
    programs = postgresql_programs()
    if programs is None:
        raise servers.Missing("There is no PostgreSQL server. On Debian: apt install postgresql")
    # As it comes, with commits that wait for the disk.
    server = PostgresqlServer(programs, {})
    try:
        server.start()
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE bench")
        installed = PostgresqlCluster(server, "bench")
        fill(installed.url, size)
        yield installed
    finally:
        server.stop()


def fill(url: str, size: Size) -> None:
    migrate(url)
    engine = engine_of(url)
    seed(engine, size)
    engine.dispose()


def engine_of(url: str) -> Engine:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    prepare_sqlite(engine)
    return engine


def pages_of(url: str) -> dict[str, str]:
    """What is asked for: the pages of the owner who has nearly everything."""
    engine = engine_of(url)
    with Session(engine) as session:
        owner = session.scalars(select(User).order_by(User.id)).first()
        assert owner is not None
        mailing_id = session.scalar(select(func.max(Mailing.id)).where(Mailing.owner_id == owner.id))
        recipient_id = session.scalar(select(func.max(Recipient.id)).where(Recipient.mailing_id == mailing_id))
        place = (
            select(Attempt.id)
            .join(Mailing, Mailing.id == Attempt.mailing_id)
            .where(Mailing.owner_id == owner.id)
            .order_by(Attempt.id.desc())
            .offset(min(LINKS_FOLLOWED * PAGE_SIZE, (session.scalar(select(func.max(Attempt.id))) or 0) // 2))
            .limit(1)
        )
        deep = session.scalar(place)
        some = session.scalars(select(Recipient.email).where(Recipient.id == recipient_id)).one()
        started_at = session.scalar(select(func.min(Mailing.started_at)).where(Mailing.owner_id == owner.id))
        assert started_at is not None
        day = (datetime.now(UTC) - (datetime.now(UTC) - started_at) / 2).date()
    engine.dispose()
    return {
        "home": "/",
        "the report": "/reports/",
        "the report of a month": f"/reports/?from={day}&to={day + timedelta(days=30)}",
        "the report by period": "/reports/periods",
        "the report by domain": "/reports/domains",
        "the report by reply": "/reports/replies",
        "the log": "/attempts/",
        f"the log after {LINKS_FOLLOWED:,} links": f"/attempts/?after={deep}",
        "the log of one mailing": f"/attempts/?mailing={mailing_id}",
        "the log of what failed": "/attempts/?status=failed",
        "the log of a rare code": "/attempts/?code=571",
        "the log of a rare domain": "/attempts/?domain=shop107.example",
        "the log of a large domain": "/attempts/?domain=bigmail.example",
        "the log of one address": f"/attempts/?q={some}",
        "the log of a day": f"/attempts/?from={day}&to={day}",
        "one recipient's story": f"/attempts/recipients/{recipient_id}",
        "a mailing's page": f"/mailings/{mailing_id}",
    }


def measured(installed: Installed, redis: RedisServer) -> dict[str, Measured]:
    """Each page by its name."""
    pages = pages_of(installed.url)

    def first(path: str) -> float:
        return float(asked_of_a_new_process(installed, redis, ["once", path])["milliseconds"])

    # In this order: whatever the system keeps of the files after the first part is there in the second one.
    warm = asked_of_a_new_process(installed, redis, ["warm", *pages.values()])
    restarted: dict[str, float] = {}
    for path in pages.values():
        installed.restart()
        restarted[path] = first(path)
    forgotten: dict[str, float] = {}
    for path in pages.values():
        installed.restart()
        if forget_files():
            forgotten[path] = first(path)
    return {
        name: Measured(Answer(**warm[path]), restarted[path], forgotten.get(path)) for name, path in pages.items()
    }


def forget_files() -> bool:
    """Put what the system keeps of files out of memory; False where that is not ours to do."""
    os.sync()
    try:
        DROP_CACHES.write_text("1")
    except OSError:
        return False
    return True


def asked_of_a_new_process(installed: Installed, redis: RedisServer, arguments: list[str]) -> Any:
    settings = os.environ | environment(installed.url, redis, mail_port=9, connections=1)
    command = [sys.executable, "-m", "benchmarks.many_attempts", *arguments]
    done = subprocess.run(command, env=settings, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def answer(how: str, paths: list[str]) -> Any:
    """In the new process: the times of pages, or what a long file takes."""
    app = create_app({"WTF_CSRF_ENABLED": False})
    # As a web server does before it takes requests.
    warm_up(app)
    with app.app_context():
        engine = db.engine
        with Session(engine) as session:
            owner = session.scalars(select(User).order_by(User.id)).first()
            assert owner is not None
            session.expunge(owner)
    engine.dispose()
    browser = visitor(app, None, owner)
    if how == "warm":
        return {path: vars(timed(browser, engine, lambda asking, path=path: asking.get(path))) for path in paths}
    began = time.perf_counter()
    if how == "file":
        return streamed(browser, paths[0], began)
    assert browser.get(paths[0]).status_code == 200
    return {"milliseconds": (time.perf_counter() - began) * 1000}


def streamed(browser: Visitor, path: str, began: float) -> dict[str, float]:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    pieces = iter(browser.get(path).response)
    next(pieces)
    first = time.perf_counter() - began
    lines = sum(piece.count(b"\n") for piece in pieces if isinstance(piece, bytes))
    megabytes = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return {"first": first, "lines": lines, "megabytes": megabytes, "seconds": time.perf_counter() - began}


def table(columns: dict[str, dict[str, Measured]], files: dict[str, dict[str, float]], size: Size) -> str:
    """A row a page with the times on each database, the queries and the size."""
    names = list(columns)
    kinds = ("p95 ms", "restarted ms", "disk cache emptied ms")
    heads = [f"{name}, {what}" for name in names for what in kinds]
    lines = [
        f"{size.clients:,} clients, {size.mailings:,} mailings, {size.attempts:,} attempts; {RUNS} times each, once "
        "after a restart of program and database, and once after the system has forgotten the database's files too; "
        f"promised: {MOST_MILLISECONDS} ms, {MOST_MILLISECONDS_RESTARTED} ms after a restart, {MOST_QUERIES} queries",
        "",
        f"| | {' | '.join(heads)} | queries | kB |",
        "| --- |" + " ---: |" * (len(heads) + 2),
    ]
    for page in columns[names[0]]:
        found = [columns[name][page] for name in names]
        times = [value for each in found for value in (each.answer.p95, each.restarted, each.forgotten)]
        cells = " | ".join("" if value is None else f"{value:.0f}" for value in times)
        mark = "" if all(each.is_kept for each in found) else " (!)"
        queries = max(each.answer.queries for each in found)
        lines.append(f"| {page}{mark} | {cells} | {queries} | {found[0].answer.kilobytes:.0f} |")
    for name, file in files.items():
        is_kept = file["megabytes"] < MOST_MEGABYTES and file["first"] < MOST_SECONDS_TO_FIRST_BYTE
        lines += [
            "",
            f"{name}: a CSV of {file['lines']:,.0f} rows took {file['seconds']:.0f} s, {file['megabytes']:.0f} MB more "
            f"memory, and {file['first']:.2f} s to its first byte{'' if is_kept else ' (!)'}",
        ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(json.dumps(answer(sys.argv[1], sys.argv[2:])))
