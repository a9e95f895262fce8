"""A lane that was stopped until it had lost its lease, and then goes on as if nothing had been."""

import os
import signal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.models.lanes import Lane
from mailer.models.users import User
from tests.journeys.steps import Watcher, addresses, assert_books_agree, due_mailing_of
from tests.support.processes import Processes, Running
from tests.support.smtp_server import SmtpServer
from tests.support.waiting import wait_until

RECIPIENTS = 40
CONNECTIONS = 3


@pytest.fixture
def lease(processes: Processes) -> dict[str, str]:
    return {"CHAOS_BEAT": "0.5", "CHAOS_LEASE": "4"}


def start(processes: Processes, command: str, lease: dict[str, str], **pretence: str) -> Running:
    return processes.start(command, "-m", "tests.chaos.product", command, **lease, **pretence)


def test_a_lane_that_wakes_up_without_its_lease_begins_nothing_more(
    session: Session,
    alice: User,
    processes: Processes,
    smtp_server: SmtpServer,
    lease: dict[str, str],
    database_kind: str,
) -> None:
    smtp_server.manners.dot_delay = 0.2
    watcher = Watcher(session, due_mailing_of(alice, addresses(RECIPIENTS)))
    # Nobody can kill it from another host. With SQLite there is none, and the sweep kills it before it wakes up.
    elsewhere = {"CHAOS_HOST": "elsewhere"} if database_kind == "postgresql" else {}
    sleeper = start(processes, "worker", lease, **elsewhere)
    start(processes, "scheduler", lease)
    watcher.wait(lambda books: books.accepted >= 5, "the first letters")
    token = session.scalars(select(Lane.token)).one()
    session.rollback()
    [horse] = sleeper.children()
    os.kill(horse, signal.SIGSTOP)

    def is_swept() -> bool:
        tokens = session.scalars(select(Lane.token)).all()
        session.rollback()
        return token not in tokens

    start(processes, "worker", lease)
    wait_until(is_swept, "the sweep of the lane that sleeps")
    if elsewhere:
        os.kill(horse, signal.SIGCONT)
        wait_until(lambda: "the lane lost its token" in sleeper.words, "the lane to find that it has lost its token")

    books = watcher.wait_until_completed()
    assert books.accepted + books.unknown == RECIPIENTS
    assert books.unknown <= CONNECTIONS
    assert_books_agree(watcher, smtp_server.ledger)
