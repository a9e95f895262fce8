"""A mailbox at Yandex, day after day: 500 letters, then a block that each further connection prolongs.

The lane, the mail server and the database are real; only the clock is the test's. On SQLite alone, whose clock is this
process's.
"""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy.orm import Session

from mailer.delivery.lane import End
from mailer.domain.books import Books, books_of
from mailer.domain.clock import database_now
from mailer.domain.holds import holds_on_account
from mailer.models.lanes import HoldKind
from mailer.models.mailings import AttemptStatus, MailingStatus
from mailer.models.users import User
from tests.delivery.conftest import Deliver
from tests.delivery.test_lane import AttemptsOf
from tests.support.factories import clients_with, started_mailing_of
from tests.support.smtp_faults import SpamBlock
from tests.support.smtp_server import SmtpServer

pytestmark = pytest.mark.one_database("PostgreSQL's clock is its server's, and cannot be put on")

RECIPIENTS = 1_200


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel("2026-11-24T10:00:00+00:00", tick=True) as traveller:
        yield traveller


def test_five_hundred_a_day_go_out_and_no_block_is_ever_prolonged(
    clock: time_machine.Traveller,
    smtp_server: SmtpServer,
    deliver: Deliver,
    alice: User,
    session: Session,
    attempts_of: AttemptsOf,
) -> None:
    block = smtp_server.manners.spam_block = SpamBlock(letters_a_day=500)
    clients = clients_with(alice, *(f"client{number}@example.org" for number in range(RECIPIENTS)))
    mailing = started_mailing_of(alice, clients=clients, lasts=timedelta(days=7))

    assert deliver(mailing) is End.ACCOUNT_HELD
    assert books_of(session, mailing) == Books(accepted=500, pending=700)
    [hold] = holds_on_account(session, database_now(session))
    assert hold.kind is HoldKind.BLOCKED and hold.until is not None
    opened = smtp_server.ledger.connections

    # Each hour of the day somebody or something tries to send; nothing reaches the server.
    for _ in range(24):
        clock.shift(timedelta(hours=1))
        assert deliver(mailing) is End.ACCOUNT_HELD
    assert (smtp_server.ledger.connections, block.prolonged) == (opened, 0)

    # When the block is over, one connection tries with one letter, and the others follow.
    clock.shift(timedelta(minutes=11))
    assert deliver(mailing) is End.ACCOUNT_HELD
    assert books_of(session, mailing) == Books(accepted=1000, pending=200)
    first = smtp_server.ledger.letters[500]
    assert first.connection == opened + 1

    clock.shift(timedelta(hours=24, minutes=11))
    assert deliver(mailing) is End.DRY
    assert mailing.status is MailingStatus.COMPLETED
    assert books_of(session, mailing) == Books(accepted=RECIPIENTS)
    assert block.prolonged == 0
    assert max(smtp_server.ledger.copies().values()) == 1
    statuses = [attempt.status for attempt in attempts_of(mailing)]
    assert set(statuses) == {AttemptStatus.SUCCESS, AttemptStatus.DEFERRED}
    # Whoever met the block is one for each open connection and day, and has lost nothing by it.
    assert statuses.count(AttemptStatus.DEFERRED) <= 2 * 3


def test_a_probe_that_comes_into_a_longer_block_is_one_connection_and_another_day(
    clock: time_machine.Traveller, smtp_server: SmtpServer, deliver: Deliver, alice: User, session: Session
) -> None:
    block = smtp_server.manners.spam_block = SpamBlock(letters_a_day=2)
    clients = clients_with(alice, *(f"client{number}@example.org" for number in range(10)))
    mailing = started_mailing_of(alice, clients=clients, lasts=timedelta(days=7))
    assert deliver(mailing) is End.ACCOUNT_HELD
    opened = smtp_server.ledger.connections
    # Somebody else used the mailbox meanwhile.
    block.blocked_until += timedelta(hours=5).total_seconds()

    clock.shift(timedelta(hours=24, minutes=11))
    assert deliver(mailing) is End.ACCOUNT_HELD
    assert (smtp_server.ledger.connections - opened, block.prolonged) == (1, 1)
    assert books_of(session, mailing) == Books(accepted=2, pending=8)
    clock.shift(timedelta(hours=24, minutes=11))
    deliver(mailing)
    assert books_of(session, mailing) == Books(accepted=4, pending=6)
    assert block.prolonged == 1
