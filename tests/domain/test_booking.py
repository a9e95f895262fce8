from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from mailer.domain.booking import (
    audience_of,
    book_mailing,
    change_mailing,
    count_audience,
    mailings_of,
    selected_client_ids,
)
from mailer.domain.errors import AlreadyStarted, EmptyAudience, WindowOver
from mailer.models.mailings import Audience, MailingStatus
from mailer.models.users import User
from tests.support.factories import (
    client_of,
    clients_with,
    emails_of,
    mailing_of,
    message_of,
    started_mailing_of,
    suppress,
)

HOUR = timedelta(hours=1)


def test_a_booked_mailing_waits_for_its_start(session: Session, alice: User, now: datetime) -> None:
    client_of(alice)
    message = message_of(alice, "Sale")
    mailing = book_mailing(session, alice.id, message, Audience.ALL, [], now + HOUR, now + 2 * HOUR, now)
    assert (mailing.status, mailing.name, mailing.started_at) == (MailingStatus.CREATED, "Sale", None)
    assert (mailing.start_time, mailing.end_time) == (now + HOUR, now + 2 * HOUR)


def test_an_audience_of_all_follows_the_file_and_one_of_the_selected_does_not(session: Session, alice: User) -> None:
    anna = client_of(alice, "anna@example.org")
    to_all, to_anna = mailing_of(alice), mailing_of(alice, clients=[anna])
    client_of(alice, "boris@example.org")
    assert (count_audience(session, to_all), count_audience(session, to_anna)) == (2, 1)


def test_whoever_must_not_be_written_to_cannot_be_chosen(session: Session, alice: User, now: datetime) -> None:
    anna, boris = clients_with(alice, "anna@example.org", "boris@example.org")
    suppress(alice, "ANNA@example.org")
    mailing = mailing_of(alice, clients=[anna, boris])
    assert selected_client_ids(session, mailing) == [boris.id]
    with pytest.raises(EmptyAudience):
        mailing_of(alice, clients=[anna])


def test_clients_of_others_are_passed_over(session: Session, alice: User, bob: User, now: datetime) -> None:
    anna, bobs = client_of(alice, "anna@example.org"), client_of(bob, "bobs@example.org")
    mailing = mailing_of(alice, clients=[anna, bobs])
    assert emails_of(list(session.scalars(audience_of(mailing)))) == ["anna@example.org"]
    assert selected_client_ids(session, mailing) == [anna.id]
    with pytest.raises(EmptyAudience):
        mailing_of(alice, clients=[bobs])


def test_a_mailing_to_nobody_is_refused(session: Session, alice: User, now: datetime) -> None:
    message = message_of(alice)
    for audience in Audience:
        with pytest.raises(EmptyAudience):
            book_mailing(session, alice.id, message, audience, [], now + HOUR, now + 2 * HOUR, now)


@pytest.mark.parametrize("ends_in", [timedelta(), -timedelta(microseconds=1), -HOUR])
def test_a_window_that_is_over_is_refused(session: Session, alice: User, now: datetime, ends_in: timedelta) -> None:
    client_of(alice)
    end_time = now + ends_in
    with pytest.raises(WindowOver) as refusal:
        book_mailing(session, alice.id, message_of(alice), Audience.ALL, [], now - 2 * HOUR, end_time, now)
    assert refusal.value.end_time == end_time


@pytest.mark.parametrize("lasts", [timedelta(), -HOUR])
def test_the_database_refuses_an_end_that_is_not_after_the_start(
    session: Session, alice: User, lasts: timedelta
) -> None:
    with pytest.raises(Exception, match="ck_mailings_window|CHECK constraint failed"):
        mailing_of(alice, starts_in=3 * HOUR, lasts=lasts)
    session.rollback()


def test_a_change_replaces_message_window_and_audience(session: Session, alice: User, now: datetime) -> None:
    anna, boris = clients_with(alice, "anna@example.org", "boris@example.org")
    mailing = mailing_of(alice, clients=[anna])
    mailing.rung_at = now
    other = message_of(alice, "Another subject")
    change_mailing(session, mailing, other, Audience.SELECTED, [boris.id], now + 3 * HOUR, now + 4 * HOUR, now)
    session.commit()
    assert (mailing.message_id, mailing.start_time, mailing.end_time) == (other.id, now + 3 * HOUR, now + 4 * HOUR)
    assert selected_client_ids(session, mailing) == [boris.id]
    assert session.scalars(mailings_of(alice.id, "another")).all() == [mailing]
    # A ring for the old start time says nothing about the new one.
    assert mailing.rung_at is None


def test_a_started_mailing_cannot_be_changed(session: Session, alice: User, now: datetime) -> None:
    mailing = started_mailing_of(alice)
    before = (mailing.message_id, mailing.start_time, mailing.end_time)
    with pytest.raises(AlreadyStarted):
        change_mailing(session, mailing, message_of(alice), Audience.ALL, [], now + HOUR, now + 2 * HOUR, now)
    assert (mailing.message_id, mailing.start_time, mailing.end_time) == before


def test_the_search_knows_mailings_by_the_subject_that_goes_out(session: Session, alice: User, bob: User) -> None:
    sale = mailing_of(alice, message=message_of(alice, "Весенняя распродажа"))
    mailing_of(alice, message=message_of(alice, "Moving"))
    mailing_of(bob, message=message_of(bob, "Весенняя распродажа"))
    assert session.scalars(mailings_of(alice.id, "ВЕСЕННЯЯ")).all() == [sale]
