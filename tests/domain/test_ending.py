"""How a mailing ends, by itself or by its owner's word, and how it is taken up again."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.domain.clock import database_now
from mailer.domain.errors import NotCompleted, NothingToResend, NotStarted, WindowOver
from mailer.domain.progress import complete_if_settled, expire_pending, finish, resend
from mailer.models.mailings import Attempt, MailingStatus, RecipientState
from mailer.models.users import User
from tests.domain.conftest import Race
from tests.support.factories import (
    clients_with,
    completed_mailing_of,
    mailing_of,
    recipients_of,
    settle,
    started_mailing_of,
    states_of,
)

HOUR = timedelta(hours=1)
ALL_STATES = list(RecipientState)


def count_attempts(session: Session) -> int:
    return session.scalar(select(func.count(Attempt.id))) or 0


@pytest.mark.parametrize("state", ALL_STATES)
def test_a_mailing_completes_when_nobody_is_pending_claimed_or_begun(
    session: Session, alice: User, state: RecipientState
) -> None:
    mailing = started_mailing_of(alice)
    recipients_of(mailing)[0].state = state
    session.flush()
    is_unsettled = state in (RecipientState.PENDING, RecipientState.CLAIMED, RecipientState.BEGUN)
    asked_at = database_now(session)
    assert complete_if_settled(session, mailing.id) is not is_unsettled
    session.refresh(mailing)
    assert mailing.status is (MailingStatus.STARTED if is_unsettled else MailingStatus.COMPLETED)
    # Told by the statement that found it so: nothing that it saw is later.
    assert mailing.completed_at is None if is_unsettled else mailing.completed_at >= asked_at


def test_one_of_many_who_complete_a_mailing_at_once_is_told_so(
    session: Session, alice: User, race: Race[bool]
) -> None:
    mailing = started_mailing_of(alice)
    settle(recipients_of(mailing)[0], RecipientState.ACCEPTED)
    mailing_id = mailing.id
    session.commit()
    completed = race([lambda session: complete_if_settled(session, mailing_id)] * 8)
    assert sorted(completed) == [False] * 7 + [True]


def test_a_finish_expires_what_is_pending_and_leaves_what_is_being_sent(session: Session, alice: User) -> None:
    clients_with(alice, "anna@example.org", "boris@example.org", "vera@example.org")
    mailing = started_mailing_of(alice)
    settle(recipients_of(mailing)[0], RecipientState.ACCEPTED)
    recipients_of(mailing)[1].state = RecipientState.BEGUN
    now = database_now(session)
    finish(session, mailing, now)
    assert states_of(mailing) == {
        "anna@example.org": "accepted",
        "boris@example.org": "begun",
        "vera@example.org": "expired",
    }
    assert (mailing.status, mailing.end_time) == (MailingStatus.STARTED, now)

    settle(recipients_of(mailing)[1], RecipientState.ACCEPTED)
    assert complete_if_settled(session, mailing.id) is True


def test_a_finish_with_nothing_in_flight_completes_at_once(session: Session, alice: User) -> None:
    mailing = started_mailing_of(alice)
    finish(session, mailing, database_now(session))
    assert mailing.status is MailingStatus.COMPLETED


def test_a_mailing_finished_in_the_instant_of_its_start_keeps_a_window(session: Session, alice: User) -> None:
    mailing = started_mailing_of(alice)
    finish(session, mailing, mailing.start_time)
    assert mailing.start_time < mailing.end_time


def test_only_a_started_mailing_can_be_finished(session: Session, alice: User, now: datetime) -> None:
    for mailing in (mailing_of(alice), completed_mailing_of(alice)):
        with pytest.raises(NotStarted):
            finish(session, mailing, now)


def test_the_end_of_the_window_expires_the_pending_alone(session: Session, alice: User, now: datetime) -> None:
    clients_with(alice, *(f"{state.value}@example.org" for state in ALL_STATES))
    mailing = started_mailing_of(alice)
    for recipient, state in zip(recipients_of(mailing), ALL_STATES, strict=True):
        recipient.state = state
    session.flush()
    assert expire_pending(session, mailing.id, now) == 1
    expected = {f"{state.value}@example.org": state.value for state in ALL_STATES}
    assert states_of(mailing) == expected | {"pending@example.org": "expired"}


def test_a_resend_takes_up_the_chosen_and_adds_to_the_log(session: Session, alice: User) -> None:
    mailing = completed_mailing_of(alice, accepted=2, failed=2, unknown=1)
    attempts = count_attempts(session)
    now = database_now(session)
    assert resend(session, mailing, [RecipientState.FAILED], now, now + HOUR, now) == 2
    assert sorted(states_of(mailing).values()) == ["accepted", "accepted", "pending", "pending", "unknown"]
    assert (mailing.status, mailing.round, mailing.completed_at) == (MailingStatus.STARTED, 2, None)
    assert (mailing.start_time, mailing.end_time) == (now, now + HOUR)
    assert {recipient.round for recipient in recipients_of(mailing, RecipientState.PENDING)} == {2}
    assert count_attempts(session) == attempts


def test_a_resend_can_be_for_some_recipients_alone(session: Session, alice: User) -> None:
    mailing = completed_mailing_of(alice, accepted=1, failed=3)
    chosen = recipients_of(mailing, RecipientState.FAILED)[1]
    now = database_now(session)
    assert resend(session, mailing, [RecipientState.FAILED], now, now + HOUR, now, recipient_ids=[chosen.id]) == 1
    assert [recipient.id for recipient in recipients_of(mailing, RecipientState.PENDING)] == [chosen.id]


@pytest.mark.parametrize("state", [RecipientState.ACCEPTED, RecipientState.SUPPRESSED])
def test_who_was_accepted_or_is_suppressed_is_never_written_to_again(
    session: Session, alice: User, state: RecipientState
) -> None:
    mailing = completed_mailing_of(alice, accepted=1, failed=1)
    recipients_of(mailing)[1].state = state
    session.commit()
    now = database_now(session)
    with pytest.raises(NothingToResend):
        resend(session, mailing, ALL_STATES, now, now + HOUR, now)
    session.rollback()
    assert mailing.status is MailingStatus.COMPLETED


def test_resends_at_once_have_one_winner(session: Session, alice: User, race: Race[bool]) -> None:
    mailing = completed_mailing_of(alice, failed=1)
    mailing_id, now = mailing.id, database_now(session)
    session.commit()

    def attempt(session: Session) -> bool:
        again = session.get_one(type(mailing), mailing_id)
        try:
            resend(session, again, [RecipientState.FAILED], now, now + HOUR, now)
        except NotCompleted:
            return False
        return True

    assert sorted(race([attempt] * 6)) == [False] * 5 + [True]
    session.expire_all()
    assert mailing.round == 2


def test_a_resend_is_refused_before_the_end_and_with_a_window_that_is_over(session: Session, alice: User) -> None:
    now = database_now(session)
    for mailing in (mailing_of(alice), started_mailing_of(alice)):
        with pytest.raises(NotCompleted):
            resend(session, mailing, [RecipientState.FAILED], now, now + HOUR, now)
    completed = completed_mailing_of(alice, failed=1)
    with pytest.raises(WindowOver):
        resend(session, completed, [RecipientState.FAILED], now - HOUR, now, now)
