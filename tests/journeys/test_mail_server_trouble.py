"""The mail server is away, or will not have us: the account waits, and no recipient pays for it."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from mailer.domain.clock import database_now
from mailer.domain.holds import holds_on_account
from mailer.domain.probation import allow_probe
from mailer.models.lanes import HoldKind
from mailer.models.mailings import AttemptStatus
from mailer.models.transactions import begin_writing
from mailer.models.users import User
from tests.journeys.steps import Watcher, addresses, assert_books_agree, due_mailing_of
from tests.support.processes import Processes
from tests.support.smtp_faults import LOGIN_REFUSED, SENDER_REFUSED, Manners
from tests.support.smtp_server import SmtpServer
from tests.support.waiting import wait_until

RECIPIENTS = 10


@pytest.fixture
def watcher(session: Session, alice: User) -> Watcher:
    return Watcher(session, due_mailing_of(alice, addresses(RECIPIENTS)))


def account_holds(session: Session) -> list[HoldKind]:
    session.rollback()
    return [hold.kind for hold in holds_on_account(session, database_now(session))]


def test_a_mail_server_that_is_down_at_the_start_and_comes_back_gets_the_letters_without_anybodys_help(
    session: Session, watcher: Watcher, processes: Processes, smtp_server: SmtpServer
) -> None:
    smtp_server.go_away()
    processes.start_worker()
    processes.start_scheduler()
    wait_until(lambda: account_holds(session) == [HoldKind.UNREACHABLE], "the account to be held")
    # Whoever a lane holds at this moment, about to try, is not pending; but nobody's story is over.
    assert watcher.books.settled == 0
    smtp_server.listen()

    assert watcher.wait_until_completed().accepted == RECIPIENTS
    assert_books_agree(watcher, smtp_server.ledger)
    assert account_holds(session) == []


REFUSALS: dict[HoldKind, tuple[Callable[[Manners], None], int, str]] = {
    HoldKind.LOGIN_REFUSED: (lambda manners: setattr(manners, "login_reply", LOGIN_REFUSED), 535, LOGIN_REFUSED),
    HoldKind.SENDER_REFUSED: (lambda manners: setattr(manners, "sender_reply", SENDER_REFUSED), 550, SENDER_REFUSED),
}


@pytest.mark.parametrize("kind", REFUSALS)
def test_an_account_that_the_server_refuses_is_held_with_the_reason_and_burns_nobody(
    session: Session, watcher: Watcher, processes: Processes, smtp_server: SmtpServer, kind: HoldKind
) -> None:
    refuse, code, reply = REFUSALS[kind]
    refuse(smtp_server.manners)
    settings = {"MAIL_USERNAME": "shop", "MAIL_PASSWORD": "secret"}
    processes.start_worker(**settings)
    processes.start_scheduler(**settings)
    wait_until(lambda: account_holds(session) == [kind], "the account to be held")
    [hold] = holds_on_account(session, database_now(session))
    assert (hold.code, hold.reason) == (code, reply.partition(" ")[2])
    books = watcher.wait(lambda books: not books.sending, "the lane to let go")
    assert (books.pending, books.total) == (RECIPIENTS, RECIPIENTS)
    statuses = {attempt.status for log in watcher.attempts().values() for attempt in log}
    assert statuses <= {AttemptStatus.DEFERRED}

    smtp_server.manners.login_reply = smtp_server.manners.sender_reply = None
    session.rollback()
    begin_writing(session)
    assert allow_probe(session, database_now(session)) == 1
    session.commit()
    assert watcher.wait_until_completed().accepted == RECIPIENTS
    assert_books_agree(watcher, smtp_server.ledger)
