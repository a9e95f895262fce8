"""Redis is only a doorbell: it may forget everything, and be gone for a while."""

import time
from datetime import timedelta

from flask import Flask
from sqlalchemy.orm import Session

from mailer.delivery.bell import book_start
from mailer.models.mailings import MailingStatus
from mailer.models.transactions import begin_writing
from mailer.models.users import User
from tests.journeys.steps import Watcher, addresses, assert_books_agree, due_mailing_of
from tests.support.processes import Processes
from tests.support.redis_server import RedisServer
from tests.support.smtp_server import SmtpServer

RECIPIENTS = 90
LATER_RECIPIENTS = 5
REDIS_IS_GONE_SECONDS = 5


def test_a_mailing_goes_on_and_a_booked_one_starts_although_redis_forgets_everything_and_dies(
    app: Flask,
    session: Session,
    alice: User,
    processes: Processes,
    redis_server: RedisServer,
    smtp_server: SmtpServer,
) -> None:
    smtp_server.manners.dot_delay = 0.2
    running = Watcher(session, due_mailing_of(alice, addresses(RECIPIENTS)))
    processes.start_worker()
    processes.start_worker()
    processes.start_scheduler()
    running.wait(lambda books: books.accepted >= 10, "the first letters")
    booked = book_with_redis(app, session, alice)

    redis_server.client.flushall()
    seen = running.books.accepted
    running.wait(lambda books: books.accepted >= seen + 10, "letters after the flush")
    assert booked.mailing.status is MailingStatus.CREATED
    redis_server.kill()
    time.sleep(REDIS_IS_GONE_SECONDS)
    redis_server.start()

    assert running.wait_until_completed().accepted == RECIPIENTS
    assert booked.wait_until_completed().accepted == LATER_RECIPIENTS
    assert_books_agree(running, smtp_server.ledger.of(addresses(RECIPIENTS)))
    assert_books_agree(booked, smtp_server.ledger.of(addresses(LATER_RECIPIENTS, "later")))


def book_with_redis(app: Flask, session: Session, owner: User) -> Watcher:
    """A mailing that rq-scheduler knows of, a few seconds ahead."""
    session.commit()
    begin_writing(session)
    mailing = due_mailing_of(owner, addresses(LATER_RECIPIENTS, "later"), starts_in=timedelta(seconds=10))
    with app.app_context():
        assert book_start(mailing.id, mailing.start_time)
    return Watcher(session, mailing)
