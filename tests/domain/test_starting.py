"""The start of a mailing: it has one winner, and it freezes what goes out and to whom."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from mailer.domain.clients import change_client, clients_of, delete_clients
from mailer.domain.clock import database_now
from mailer.domain.errors import AlreadyStarted, EmptyAudience, MailingHeld, WindowOver
from mailer.domain.holds import hold_mailing
from mailer.domain.messages import change_message
from mailer.domain.progress import Start, claim_start, complete_if_settled, request_start
from mailer.models.clients import Client
from mailer.models.lanes import HoldKind
from mailer.models.mailings import Mailing, MailingStatus
from mailer.models.users import User
from tests.domain.conftest import InTurn, Race
from tests.support.factories import (
    client_of,
    clients_with,
    completed_mailing_of,
    mailing_of,
    message_of,
    recipients_of,
    started_mailing_of,
    states_of,
    suppress,
)

HOUR = timedelta(hours=1)


def due_mailing_of(owner: User, **details: timedelta) -> Mailing:
    return mailing_of(owner, starts_in=-timedelta(seconds=1), **details)


def test_many_claims_of_one_start_at_once_have_one_winner(
    session: Session, alice: User, now: datetime, race: Race[Start]
) -> None:
    mailing = due_mailing_of(alice)
    mailing_id = mailing.id
    session.commit()
    starts = race([lambda session: claim_start(session, mailing_id, now)] * 12)
    assert sorted(start.name for start in starts) == ["NOT_MINE"] * 11 + ["STARTED"]
    session.commit()
    assert len(recipients_of(mailing)) == 1


@pytest.mark.parametrize("is_deleted_first", [True, False])
def test_a_client_who_is_deleted_in_the_moment_of_the_start_is_not_written_to(
    session: Session, alice: User, now: datetime, in_turn: InTurn, is_deleted_first: bool
) -> None:
    clients_with(alice, "anna@example.org", "boris@example.org")
    mailing = due_mailing_of(alice)
    mailing_id, annas = mailing.id, clients_of(alice.id).where(Client.email == "anna@example.org")
    session.commit()

    def delete(session: Session) -> None:
        delete_clients(session, annas, now)

    def start(session: Session) -> None:
        claim_start(session, mailing_id, now)

    in_turn(*((delete, start) if is_deleted_first else (start, delete)))
    written = {recipient.email: recipient.client_id for recipient in recipients_of(mailing)}
    assert written.pop("boris@example.org") is not None
    assert written == ({} if is_deleted_first else {"anna@example.org": None})


def test_starts_of_one_owner_do_not_wait_for_each_other(
    session: Session, alice: User, now: datetime, engine: Engine
) -> None:
    if engine.dialect.name == "sqlite":
        pytest.skip("one transaction writes at a time")
    mailings = [due_mailing_of(alice), due_mailing_of(alice)]
    first, second = (mailing.id for mailing in mailings)
    session.commit()
    claim_start(session, first, now)
    with Session(engine) as another:
        another.execute(text("SET LOCAL lock_timeout = 1"))
        assert claim_start(another, second, now) is Start.STARTED
        another.commit()
    session.commit()
    assert [len(recipients_of(mailing)) for mailing in mailings] == [1, 1]


def test_a_start_freezes_the_message_and_the_recipients(session: Session, alice: User, now: datetime) -> None:
    message = message_of(alice, "The subject", "The body")
    [anna] = clients_with(alice, "anna@example.org")
    mailing = started_mailing_of(alice, message=message, clients=[anna])
    change_message(session, message, "Another subject", "Another body", now)
    change_client(session, anna, "anna@elsewhere.example", "Somebody Else", "", now)
    session.commit()
    assert (mailing.subject, mailing.body, mailing.name) == ("The subject", "The body", "The subject")
    assert [(recipient.email, recipient.full_name) for recipient in recipients_of(mailing)] == [
        ("anna@example.org", "Anna")
    ]


def test_suppressed_addresses_are_recipients_who_are_not_written_to(session: Session, alice: User, bob: User) -> None:
    clients_with(alice, "anna@example.org", "boris@example.org", "vera@example.org")
    suppress(alice, "Anna@example.org")
    suppress(bob, "boris@example.org")
    mailing = started_mailing_of(alice)
    assert states_of(mailing) == {
        "anna@example.org": "suppressed",
        "boris@example.org": "pending",
        "vera@example.org": "pending",
    }


def test_a_start_before_its_time_is_not_taken(session: Session, alice: User) -> None:
    mailing = mailing_of(alice, starts_in=HOUR)
    just_before = mailing.start_time - timedelta(microseconds=1)
    assert claim_start(session, mailing.id, just_before) is Start.NOT_MINE
    assert claim_start(session, mailing.id, mailing.start_time) is Start.STARTED


def test_a_window_missed_entirely_makes_everybody_expired_and_the_mailing_completed(
    session: Session, alice: User
) -> None:
    clients_with(alice, "anna@example.org", "boris@example.org")
    suppress(alice, "boris@example.org")
    mailing = mailing_of(alice, starts_in=HOUR, lasts=HOUR)
    asked_at = database_now(session)
    assert claim_start(session, mailing.id, mailing.end_time) is Start.MISSED
    session.refresh(mailing)
    assert states_of(mailing) == {"anna@example.org": "expired", "boris@example.org": "suppressed"}
    assert mailing.status is MailingStatus.COMPLETED
    assert mailing.completed_at is not None and mailing.completed_at >= asked_at


def test_a_window_missed_by_a_held_mailing_ends_all_the_same(session: Session, alice: User, now: datetime) -> None:
    mailing = mailing_of(alice, starts_in=HOUR, lasts=HOUR)
    hold_mailing(session, mailing.id, HoldKind.PAUSED, now, placed_by_id=alice.id)
    assert claim_start(session, mailing.id, mailing.end_time) is Start.MISSED


@pytest.mark.parametrize("kind", [HoldKind.PAUSED, HoldKind.DISABLED])
def test_a_held_mailing_does_not_start(session: Session, alice: User, now: datetime, kind: HoldKind) -> None:
    mailing = due_mailing_of(alice)
    hold_mailing(session, mailing.id, kind, now, placed_by_id=alice.id)
    assert claim_start(session, mailing.id, now) is Start.NOT_MINE
    with pytest.raises(MailingHeld):
        request_start(session, mailing, now)


def test_a_mailing_that_does_not_exist_is_nobodys_to_start(session: Session, now: datetime) -> None:
    assert claim_start(session, 4711, now) is Start.NOT_MINE


def test_a_mailing_whose_clients_have_all_gone_starts_empty_and_is_complete(
    session: Session, alice: User, now: datetime
) -> None:
    client = client_of(alice)
    mailing = due_mailing_of(alice)
    session.delete(client)
    session.flush()
    assert claim_start(session, mailing.id, now) is Start.STARTED
    assert complete_if_settled(session, mailing.id) is True


def test_the_owners_word_puts_the_start_time_to_now(session: Session, alice: User, now: datetime) -> None:
    ahead, due = mailing_of(alice, starts_in=HOUR), due_mailing_of(alice)
    due_at = due.start_time
    request_start(session, ahead, now)
    request_start(session, due, now)
    assert (ahead.start_time, due.start_time) == (now, due_at)
    assert claim_start(session, ahead.id, database_now(session)) is Start.STARTED


def test_the_owners_word_is_refused_after_the_start_and_after_the_window(session: Session, alice: User) -> None:
    mailing = mailing_of(alice)
    with pytest.raises(WindowOver):
        request_start(session, mailing, mailing.end_time)
    for over in (started_mailing_of(alice), completed_mailing_of(alice)):
        with pytest.raises(AlreadyStarted):
            request_start(session, over, database_now(session))


def test_the_owners_word_is_refused_when_nobody_is_left_to_write_to(
    session: Session, alice: User, now: datetime
) -> None:
    client = client_of(alice)
    mailing = mailing_of(alice)
    session.delete(client)
    session.flush()
    with pytest.raises(EmptyAudience):
        request_start(session, mailing, now)
