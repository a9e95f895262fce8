import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TypeVar

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from mailer.domain.clock import database_now
from mailer.models.transactions import begin_writing

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
