"""Where it is asked for, nobody's mailing starts before their address is confirmed."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from mailer.delivery.here import due_mailings
from mailer.domain.confirmation import require_confirmed
from mailer.domain.errors import AddressNotConfirmed
from mailer.domain.progress import Start, claim_start, request_start
from mailer.models.users import User
from tests.support.factories import mailing_of, started_mailing_of


def test_the_schedule_passes_over_an_owner_who_has_not_confirmed(
    session: Session, alice: User, now: datetime
) -> None:
    mailing = mailing_of(alice, starts_in=timedelta())
    alice.confirmed_at = None
    session.flush()
    later = mailing.start_time
    assert list(due_mailings(session, later, must_be_confirmed=True)) == []
    assert claim_start(session, mailing.id, later, must_be_confirmed=True) is Start.NOT_MINE
    alice.confirmed_at = now
    session.flush()
    assert list(due_mailings(session, later, must_be_confirmed=True)) == [mailing]
    assert claim_start(session, mailing.id, later, must_be_confirmed=True) is Start.STARTED


def test_an_owner_who_has_not_confirmed_is_told_at_the_button(session: Session, alice: User, now: datetime) -> None:
    mailing = mailing_of(alice)
    alice.confirmed_at = None
    session.flush()
    with pytest.raises(AddressNotConfirmed):
        request_start(session, mailing, now, must_be_confirmed=True)
    request_start(session, mailing, now)
    require_confirmed(session, mailing, must_be_confirmed=False)


def test_what_has_started_goes_on(session: Session, alice: User) -> None:
    mailing = started_mailing_of(alice)
    alice.confirmed_at = None
    session.flush()
    assert list(due_mailings(session, mailing.start_time, must_be_confirmed=True)) == [mailing]


def test_a_window_that_closes_meanwhile_is_missed(session: Session, alice: User) -> None:
    mailing = mailing_of(alice, starts_in=timedelta())
    alice.confirmed_at = None
    session.flush()
    assert claim_start(session, mailing.id, mailing.end_time, must_be_confirmed=True) is Start.MISSED
