"""Asking the database two things at once: what takes long is answered while the rest of a page is found and drawn."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from sqlalchemy.orm import Session

from mailer.extensions import db

T = TypeVar("T")

# Each holds a connection beside those of the requests; with 8 threads of requests they stay below the pool's 15.
_others = ThreadPoolExecutor(max_workers=4, thread_name_prefix="meanwhile")


def meanwhile(ask: Callable[[Session], T]) -> Callable[[], T]:
    """Ask on a connection of its own, which sees what is committed; call what comes back for the answer.

    The call waits for it, and raises what the question has raised.
    """
    engine = db.engine

    def answer() -> T:
        with Session(engine) as session:
            return ask(session)

    # As a part of the request, which opens its connections in a way of its own (web/transactions.py).
    return _others.submit(copy_context().run, answer).result
