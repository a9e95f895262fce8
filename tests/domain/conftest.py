import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TypeVar

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from mailer.domain.clock import database_now
from mailer.models.transactions import begin_writing
from tests.support.waiting import wait_until

T = TypeVar("T")


@pytest.fixture
def now(session: Session) -> datetime:
    return database_now(session)


Race = Callable[[list[Callable[[Session], T]]], list[T]]


@pytest.fixture
def race(engine: Engine) -> Iterator[Race[T]]:
    """Runs all the calls at the same moment, each in a thread and a transaction of its own; their results in order."""

    def run(calls: list[Callable[[Session], T]]) -> list[T]:
        gate = threading.Barrier(len(calls))

        def take_part(call: Callable[[Session], T]) -> T:
            with Session(engine) as session:
                gate.wait()
                begin_writing(session)
                result = call(session)
                session.commit()
                return result

        with ThreadPoolExecutor(len(calls)) as threads:
            return list(threads.map(take_part, calls))

    yield run


InTurn = Callable[[Callable[[Session], object], Callable[[Session], object]], None]


@pytest.fixture
def in_turn(session: Session, engine: Engine) -> InTurn:
    """Runs two calls, each in a transaction of its own; the first one commits only when the second waits for it."""

    def run(first: Callable[[Session], object], second: Callable[[Session], object]) -> None:
        def come_second() -> None:
            with Session(engine) as another:
                begin_writing(another)
                second(another)
                another.commit()

        with ThreadPoolExecutor(1) as threads:
            begin_writing(session)
            first(session)
            waiting = threads.submit(come_second)
            wait_until(lambda: _somebody_waits(engine), "the second one to wait")
            session.commit()
            waiting.result()

    return run


def _somebody_waits(engine: Engine) -> bool:
    """Whether somebody waits for a lock; on SQLite a second writer does from its first moment."""
    if engine.dialect.name == "sqlite":
        return True
    with engine.connect() as connection:
        waiting = "SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database OR l.database IS NULL"
        return bool(connection.scalar(text(f"{waiting} WHERE NOT l.granted AND d.datname = current_database())")))
