from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from mailer.domain import pace
from mailer.domain.pace import pace_of, retries_of
from mailer.models.mailings import AttemptStatus, Mailing, RecipientState, Verdict
from mailer.models.users import User
from tests.support.factories import attempt_on, client_of, recipients_of, started_mailing_of


@pytest.fixture
def mailing(alice: User) -> Mailing:
    return started_mailing_of(alice, clients=[client_of(alice)])


def letters(mailing: Mailing, ages: list[float], now: datetime) -> None:
    """One accepted letter for each age in seconds."""
    (recipient,) = recipients_of(mailing)
    for age in sorted(ages, reverse=True):
        attempt_on(recipient, attempted_at=now - timedelta(seconds=age))


def test_without_letters_nothing_is_foretold(session: Session, mailing: Mailing, now: datetime) -> None:
    found = pace_of(session, mailing, now)
    assert (found.letters_a_second, found.is_foretelling, found.minutes) == (0, False, (0,))
    assert found.time_for(10) is None


def test_the_rate_is_that_of_the_last_minutes(session: Session, mailing: Mailing, now: datetime) -> None:
    letters(mailing, [float(age) for age in range(0, 60, 2)], now)
    found = pace_of(session, mailing, now)
    assert found.minutes_of_rate == 3 and 0.4 < found.letters_a_second < 0.6
    left = found.time_for(100)
    assert left is not None and timedelta(seconds=160) < left < timedelta(seconds=240)


def test_where_they_are_few_more_minutes_are_looked_at(session: Session, mailing: Mailing, now: datetime) -> None:
    letters(mailing, [60.0 * minute + 30 for minute in range(12)], now)
    found = pace_of(session, mailing, now)
    assert found.minutes_of_rate == 15 and found.is_foretelling
    assert 0.8 < 60 * found.letters_a_second < 1.2


def test_a_deferred_letter_settles_nothing(session: Session, mailing: Mailing, now: datetime) -> None:
    (recipient,) = recipients_of(mailing)
    for _ in range(20):
        attempt_on(recipient, AttemptStatus.DEFERRED, Verdict.TEMPORARY, 451, "later", now)
    assert pace_of(session, mailing, now).letters_a_second == 0


def test_the_minutes_have_no_gaps_and_end_with_this_one(session: Session, mailing: Mailing, now: datetime) -> None:
    now = now.replace(second=30, microsecond=0)
    letters(mailing, [0, 1, 120, 3000], now)
    assert pace_of(session, mailing, now).minutes == (1, 0, 2)


def test_a_minute_that_is_only_half_read_is_left_out(
    session: Session, mailing: Mailing, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "ATTEMPTS_READ", 3)
    now = now.replace(second=30, microsecond=0)
    letters(mailing, [61, 60, 59, 2, 1], now)
    assert pace_of(session, mailing, now).minutes == (2,)


def test_retries_are_those_who_wait_for_a_time_ahead(session: Session, alice: User, now: datetime) -> None:
    mailing = started_mailing_of(alice, clients=[client_of(alice) for _ in range(4)])
    due, soon, later, sending = recipients_of(mailing)
    for recipient, minutes in ((due, -1), (soon, 1), (later, 5), (sending, 9)):
        recipient.next_attempt_at = now + timedelta(minutes=minutes)
    sending.state = RecipientState.CLAIMED
    session.flush()
    found = retries_of(session, mailing, now)
    assert (found.count, found.last_at) == (2, later.next_attempt_at)
