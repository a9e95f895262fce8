"""A mailing whose time has come gets its turn although others keep every worker busy."""

from datetime import timedelta

from sqlalchemy.orm import Session

from mailer.delivery.bell import book_start
from mailer.domain.books import Books
from mailer.models.mailings import MailingStatus
from mailer.models.transactions import begin_writing
from mailer.models.users import User
from tests.journeys.steps import Watcher, addresses, due_mailing_of
from tests.support.factories import clients_with, mailing_of
from tests.support.processes import Processes
from tests.support.smtp_server import SmtpServer


def test_a_booked_mailing_is_done_while_two_long_ones_are_still_running(
    app_context: None, session: Session, alice: User, bob: User, processes: Processes, smtp_server: SmtpServer
) -> None:
    smtp_server.manners.dot_delay = 0.3
    long_ones = [Watcher(session, due_mailing_of(owner, addresses(400))) for owner in (alice, bob)]
    for _ in range(2):
        processes.start_worker()
    processes.start_scheduler()
    for long_one in long_ones:
        long_one.wait(lambda books: books.accepted > 0, "a long mailing to be under way")

    # What has been read of the long ones is let go: on SQLite a transaction that has read cannot begin to write.
    session.rollback()
    begin_writing(session)
    clients = clients_with(alice, "first@example.com", "second@example.com")
    booked = mailing_of(alice, clients=clients, starts_in=timedelta(seconds=2))
    session.commit()
    book_start(booked.id, booked.start_time)

    assert Watcher(session, booked).wait_until_completed() == Books(accepted=2)
    assert [long_one.mailing.status for long_one in long_ones] == [MailingStatus.STARTED] * 2
