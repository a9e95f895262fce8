"""Workers that are killed, and workers that are asked to stop."""

import time

import pytest
from sqlalchemy.orm import Session

from mailer.models.mailings import RecipientState
from mailer.models.users import User
from tests.journeys.steps import Watcher, addresses, assert_books_agree, due_mailing_of
from tests.support.processes import Processes, Running, kill
from tests.support.smtp_server import SmtpServer
from tests.support.waiting import wait_until

RECIPIENTS = 45
CONNECTIONS = 3


@pytest.fixture
def watcher(session: Session, alice: User, smtp_server: SmtpServer) -> Watcher:
    """Looks at a mailing that is due, to a server that takes its time."""
    smtp_server.manners.dot_delay = 0.2
    return Watcher(session, due_mailing_of(alice, addresses(RECIPIENTS)))


def horse_of(workers: list[Running]) -> tuple[Running, int]:
    """The worker that delivers, and its work-horse."""
    return wait_until(
        lambda: next(((worker, horse) for worker in workers for horse in worker.children()), None),  # type: ignore
        "a worker to fork its work-horse",
    )


def test_after_a_worker_and_its_work_horse_are_killed_the_mailing_goes_on_by_itself(
    watcher: Watcher, processes: Processes, smtp_server: SmtpServer
) -> None:
    workers = [processes.start_worker(), processes.start_worker()]
    processes.start_scheduler()
    watcher.wait(lambda books: books.accepted >= 10, "the first letters")
    worker, _ = horse_of(workers)
    worker.kill_with_children()

    books = watcher.wait_until_completed()
    assert books.unknown <= CONNECTIONS
    assert books.accepted + books.unknown == RECIPIENTS
    assert_books_agree(watcher, smtp_server.ledger)


def test_after_only_the_work_horse_is_killed_the_mailing_goes_on_by_itself(
    watcher: Watcher, processes: Processes, smtp_server: SmtpServer
) -> None:
    workers = [processes.start_worker()]
    processes.start_scheduler()
    watcher.wait(lambda books: books.accepted >= 10, "the first letters")
    kill(horse_of(workers)[1])

    books = watcher.wait_until_completed()
    assert books.unknown <= CONNECTIONS
    assert books.accepted + books.unknown == RECIPIENTS
    assert_books_agree(watcher, smtp_server.ledger)


def test_a_worker_that_is_asked_to_stop_leaves_nothing_unknown_and_nothing_claimed(
    watcher: Watcher, processes: Processes, smtp_server: SmtpServer
) -> None:
    worker = processes.start_worker()
    scheduler = processes.start_scheduler()
    watcher.wait(lambda books: books.accepted >= 10, "the first letters")
    worker.terminate()
    scheduler.terminate()

    books = watcher.books
    assert (books.unknown, books.sending) == (0, 0)
    assert books.accepted == len(smtp_server.ledger)
    assert 0 < books.pending < RECIPIENTS
    assert set(watcher.states().values()) == {RecipientState.ACCEPTED, RecipientState.PENDING}

    processes.start_worker()
    processes.start_scheduler()
    assert watcher.wait_until_completed().accepted == RECIPIENTS
    assert_books_agree(watcher, smtp_server.ledger)


def test_a_worker_that_is_asked_to_stop_waits_for_a_server_that_thinks_for_four_seconds_and_is_gone_within_ten(
    watcher: Watcher, processes: Processes, smtp_server: SmtpServer
) -> None:
    worker = processes.start_worker()
    processes.start_scheduler()
    watcher.wait(lambda books: books.accepted >= 10, "the first letters")
    smtp_server.manners.dot_delay = 4
    # After this the server thinks about the letters that it got since.
    time.sleep(1)
    # What an operator, and `docker stop`, will wait for: the promise itself.
    assert worker.terminate(within=10) == 0
    books = watcher.books
    assert (books.unknown, books.sending) == (0, 0)
    assert books.pending > 0
    assert books.accepted == len(smtp_server.ledger)
