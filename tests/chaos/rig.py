"""One run of a plan: an installation, the blows upon it, the end of its mailings, and the checks."""

import contextlib
import heapq
import itertools
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psycopg
from flask import Flask
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from mailer import create_app
from mailer.delivery.bell import book_start
from mailer.domain.books import Books, books_of
from mailer.extensions import db
from mailer.models.mailings import Mailing, MailingStatus, Recipient
from mailer.models.transactions import begin_writing
from mailer.models.users import User
from tests.chaos.blows import Blows
from tests.chaos.diary import Diary
from tests.chaos.installation import Installation, MailServer
from tests.chaos.letters import Letters, read_letters
from tests.chaos.owners import Owned, Owners
from tests.chaos.plan import Blow, Plan
from tests.support.application import SETTINGS
from tests.support.databases import migrate
from tests.support.factories import clients_with, mailing_of, user_of
from tests.support.ports import free_port
from tests.support.postgresql_server import PostgresqlServer
from tests.support.processes import Processes
from tests.support.redis_server import RedisServer
from tests.support.warm_python import WarmPython

LOOK_SECONDS = 0.3
# After the last blow: the longest pauses, retries and leases one after the other, on a slow machine.
PATIENCE_SECONDS = 240


@dataclass
class Outcome:
    """What a run has left behind, for the checks."""

    plan: Plan
    diary: Diary
    engine: Engine
    letters: Letters
    mailings: list[Owned]
    processes: Processes
    # What was wrong while it ran.
    wrong: list[str]
    seconds: float


class Rig:
    """The servers of a run. Redis and PostgreSQL are its own, because it kills them."""

    def __init__(
        self,
        directory: Path,
        redis_program: str,
        postgresql: PostgresqlServer | None,
        python: WarmPython | None,
    ) -> None:
        self.directory = directory
        self.python = python
        self.postgresql = postgresql
        self.redis = RedisServer(redis_program, directory)

    @contextlib.contextmanager
    def run(self, plan: Plan) -> Iterator[Outcome]:
        """Carry the plan out; what it left can be looked at within the context."""
        with contextlib.ExitStack() as stack:
            self.redis.start()
            stack.callback(self.redis.kill)
            url = self._database(stack)
            mail = MailServer(plan, self.directory)
            stack.callback(mail.stop)
            settings = self._settings(plan, url, mail.port)
            processes = Processes(settings, self.directory, self.python)
            stack.callback(processes.end_all)
            app = stack.enter_context(application(settings))
            audiences = enroll(app, plan)
            diary = Diary()
            installation = Installation(plan, processes, self.redis, self.postgresql, mail, diary)
            installation.wait_for_workers()
            mailings = book(app, plan, audiences)
            run = Run(plan, app, installation, Owners(app, processes, mailings, diary), mailings)
            run.until_the_end()
            processes.end_all()
            seconds = time.time() - diary.began
            with app.app_context():
                engine = db.engine
            yield Outcome(plan, diary, engine, read_letters(mail.ledger), mailings, processes, run.wrong, seconds)

    def _database(self, stack: contextlib.ExitStack) -> str:
        if self.postgresql is None:
            url = f"sqlite:///{self.directory}/mailer.sqlite"
            migrate(url)
            return url
        name = f"chaos_{os.path.basename(self.directory).replace('-', '_').lower()}"
        with psycopg.connect(self.postgresql.url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        url = self.postgresql.url.replace("/postgres", f"/{name}")
        migrate(url)
        return url

    def _settings(self, plan: Plan, database_url: str, mail_port: int) -> dict[str, str]:
        return dict.fromkeys(SETTINGS, "") | {
            "DATA_DIR": str(self.directory),
            "DATABASE_URL": database_url,
            "REDIS_URL": self.redis.url,
            "MAIL_SERVER": "127.0.0.1",
            "MAIL_PORT": str(mail_port),
            "MAIL_DEFAULT_SENDER": "Corner Shop <shop@mailer.example>",
            "MAIL_CONNECTIONS": str(plan.connections),
            "MAIL_TIMEOUT": "5",
            "MAIL_DOT_TIMEOUT": "8",
            "RETRY_DELAY": "1",
            "ALLOW_HTTP_LINKS": "1",
            "SECRET_KEY": "a key that only tests know",
            "PORT": str(free_port()),
        }


@contextlib.contextmanager
def application(settings: dict[str, str]) -> Iterator[Flask]:
    """The application within this process, for what people do by its pages."""
    before = dict(os.environ)
    os.environ.update(settings)
    try:
        app = create_app({"TESTING": True, "WTF_CSRF_ENABLED": False})
    finally:
        os.environ.clear()
        os.environ.update(before)
    yield app
    with app.app_context():
        db.engine.dispose()


def enroll(app: Flask, plan: Plan) -> list[tuple[int, list[str]]]:
    """An owner for each mailing of the plan, with clients of their own: the owners' ids, and the addresses."""
    enrolled = []
    with app.app_context(), Session(db.engine) as session:
        begin_writing(session)
        for number, planned in enumerate(plan.mailings, start=1):
            owner = user_of(session, f"owner{number}@mailer.example", f"Owner {number}")
            addresses = [f"m{number}-{place}@example.org" for place in range(planned.recipients)]
            clients_with(owner, *addresses)
            enrolled.append((owner.id, addresses))
        session.commit()
    return enrolled


def book(app: Flask, plan: Plan, audiences: list[tuple[int, list[str]]]) -> list[Owned]:
    """Each mailing of the plan to all clients of its owner, booked with rq-scheduler."""
    booked = []
    with app.app_context(), Session(db.engine) as session:
        begin_writing(session)
        for planned, (owner_id, addresses) in zip(plan.mailings, audiences, strict=True):
            mailing = mailing_of(
                session.get_one(User, owner_id),
                starts_in=timedelta(seconds=planned.starts_at),
                lasts=timedelta(seconds=planned.lasts),
            )
            booked.append((Owned(mailing.id, owner_id, addresses), mailing.start_time))
        session.commit()
        for owned, start_time in booked:
            book_start(owned.mailing_id, start_time)
    return [owned for owned, _ in booked]


class Run:
    """The clock of a run. Blows fall in this thread, which nothing may block; owners act in threads of theirs."""

    def __init__(
        self, plan: Plan, app: Flask, installation: Installation, owners: Owners, mailings: list[Owned]
    ) -> None:
        self.plan, self.there, self.diary = plan, installation, installation.diary
        self.wrong: list[str] = []
        self._app, self._mailings = app, mailings
        self._by_hand, self._by_owners = Blows(installation).kinds, owners.kinds
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._over = threading.Event()
        self._is_completed = False
        self._began = time.monotonic()

    def until_the_end(self) -> None:
        looking = threading.Thread(target=self._look_at_the_books, daemon=True)
        looking.start()
        self.diary.began = time.time()
        for blow in self.plan.blows:
            self._at(self._began + blow.at, lambda blow=blow: self._fall(blow))
        last = max((blow.at + blow.lasts for blow in self.plan.blows), default=0.0)
        give_up_at = self._began + last + max(mailing.starts_at for mailing in self.plan.mailings) + PATIENCE_SECONDS
        with ThreadPoolExecutor(max_workers=8) as self._threads:
            self._acts: list[Future[None]] = []
            while self._due or not self._is_completed or not all(act.done() for act in self._acts):
                if self._due and self._due[0][0] <= time.monotonic():
                    heapq.heappop(self._due)[2]()
                    continue
                if time.monotonic() > give_up_at:
                    self.wrong.append(f"the mailings had not ended {PATIENCE_SECONDS} s after the last blow")
                    break
                if not self._due:
                    self.there.revive()
                time.sleep(0.05)
        for act in self._acts:
            act.result()
        self._over.set()
        looking.join()

    def _at(self, moment: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._due, (moment, next(self._numbers), what))

    def _fall(self, blow: Blow) -> None:
        self.diary.note(str(blow))
        if blow.kind in self._by_owners:
            self._acts.append(self._threads.submit(self._act, blow))
            return
        relief = self._by_hand[blow.kind](blow)
        if relief is not None:
            self._at(time.monotonic() + blow.lasts, relief)

    def _act(self, blow: Blow) -> None:
        relief = self._by_owners[blow.kind](blow)
        if relief is not None:
            time.sleep(blow.lasts)
            relief()

    def _look_at_the_books(self) -> None:
        with self._app.app_context():
            while not self._over.wait(LOOK_SECONDS):
                self.diary.longest_queue = max(self.diary.longest_queue, self.there.queue_length())
                try:
                    with Session(db.engine) as session:
                        self._look(session)
                except SQLAlchemyError:
                    # The database is away; it will be looked at again.
                    continue

    def _look(self, session: Session) -> None:
        are_completed = []
        for owned in self._mailings:
            mailing = session.get_one(Mailing, owned.mailing_id)
            books = books_of(session, mailing)
            are_completed.append(mailing.status is MailingStatus.COMPLETED)
            if mailing.status is not MailingStatus.CREATED:
                self._check_total(session, mailing, books)
        self._is_completed = all(are_completed)

    def _check_total(self, session: Session, mailing: Mailing, books: Books) -> None:
        written = session.scalar(select(func.count()).where(Recipient.mailing_id == mailing.id))
        if books.total != written:
            self.wrong.append(f"mailing {mailing.id}: {books} do not add up to its {written} recipients")


@contextlib.contextmanager
def temporary_directory() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="chaos-"))
    yield directory
    shutil.rmtree(directory, ignore_errors=True)
