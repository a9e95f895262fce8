"""A block and a disabling act on a lane that is at work: what has begun is finished, and nothing else begins."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from mailer.delivery.lane import End
from mailer.domain.books import books_of
from mailer.domain.clock import database_now
from mailer.domain.holds import hold_mailing, lift_hold
from mailer.domain.moderation import block_user, unblock_user
from mailer.domain.progress import resume
from mailer.models.lanes import HoldKind
from mailer.models.mailings import Mailing, MailingStatus
from mailer.models.transactions import begin_writing
from mailer.models.users import User
from tests.delivery.conftest import Deliver
from tests.support.factories import clients_with, started_mailing_of
from tests.support.smtp_server import SmtpServer
from tests.support.waiting import wait_until

RECIPIENTS = 300
CONNECTIONS = 3

Act = Callable[[Session, Mailing, User], None]


def block(session: Session, mailing: Mailing, moderator: User) -> None:
    block_user(session, mailing.owner_id, moderator, "spam", database_now(session))


def let_in_and_resume(session: Session, mailing: Mailing, moderator: User) -> None:
    unblock_user(session, mailing.owner_id, moderator)
    resume(session, mailing, database_now(session))


def disable(session: Session, mailing: Mailing, moderator: User) -> None:
    hold_mailing(session, mailing.id, HoldKind.DISABLED, database_now(session), placed_by_id=moderator.id)


def enable(session: Session, mailing: Mailing, moderator: User) -> None:
    lift_hold(session, mailing.id, HoldKind.DISABLED, database_now(session))


@pytest.mark.parametrize(("stop", "let_go"), [(block, let_in_and_resume), (disable, enable)], ids=["block", "disable"])
def test_nothing_begins_after_it_and_everybody_is_written_to_once_when_it_is_over(
    smtp_server: SmtpServer,
    deliver: Deliver,
    engine: Engine,
    session: Session,
    alice: User,
    mary: User,
    stop: Act,
    let_go: Act,
) -> None:
    smtp_server.manners.dot_delay = 0.05
    emails = [f"ok{number}@example.org" for number in range(RECIPIENTS)]
    mailing = started_mailing_of(alice, clients=clients_with(alice, *emails))
    mailing_id, mary_id = mailing.id, mary.id

    def act(what: Act) -> int:
        """Do it, commit, and say how many letters the server had by then."""
        with Session(engine) as own:
            begin_writing(own)
            what(own, own.get_one(Mailing, mailing_id), own.get_one(User, mary_id))
            own.commit()
        return len(smtp_server.ledger)

    had: list[int] = []

    def interrupt() -> None:
        wait_until(lambda: len(smtp_server.ledger) >= 5, "the first letters")
        had.append(act(stop))

    interruption = threading.Thread(target=interrupt)
    interruption.start()
    ended = deliver(mailing, MAIL_CONNECTIONS=CONNECTIONS)
    interruption.join()
    assert ended is End.SHUT
    # Letters whose begin was committed before are on their way, one a connection, and those that were ready to go.
    assert had[0] <= len(smtp_server.ledger) <= had[0] + 2 * CONNECTIONS
    books = books_of(session, mailing)
    assert (books.accepted, books.pending) == (len(smtp_server.ledger), RECIPIENTS - len(smtp_server.ledger))
    assert deliver(mailing) is End.SHUT

    smtp_server.manners.dot_delay = 0
    session.rollback()
    act(let_go)
    assert deliver(mailing) is End.DRY
    assert smtp_server.ledger.copies() == dict.fromkeys(emails, 1)
    assert mailing.status is MailingStatus.COMPLETED
