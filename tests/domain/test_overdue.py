"""Which mailings wait for nothing but us."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from mailer.domain.holds import hold_mailing
from mailer.domain.overdue import OverdueStarts, overdue_starts
from mailer.models.lanes import HoldKind
from mailer.models.users import User
from tests.support.factories import mailing_of, started_mailing_of

LONG_AGO = timedelta(minutes=-5)


def test_mailings_due_for_more_than_a_minute_are_counted_with_the_oldest(
    session: Session, alice: User, bob: User, now: datetime
) -> None:
    assert overdue_starts(session, now, must_be_confirmed=False) == OverdueStarts(0, None)
    mailing_of(alice, starts_in=timedelta(seconds=-30))
    mailing_of(alice, starts_in=timedelta(hours=1))
    started_mailing_of(alice)
    mailing_of(alice, starts_in=timedelta(minutes=-2))
    oldest = mailing_of(bob, starts_in=LONG_AGO)
    assert overdue_starts(session, now, must_be_confirmed=False) == OverdueStarts(2, oldest.start_time)


@pytest.mark.parametrize("why", ["held", "blocked", "unconfirmed"])
def test_a_mailing_that_may_not_start_is_not_overdue(session: Session, alice: User, now: datetime, why: str) -> None:
    mailing = mailing_of(alice, starts_in=LONG_AGO)
    if why == "held":
        hold_mailing(session, mailing.id, HoldKind.PAUSED, now, placed_by_id=alice.id)
    elif why == "blocked":
        alice.blocked_at = now
    else:
        alice.confirmed_at = None
    session.flush()
    assert overdue_starts(session, now, must_be_confirmed=True).count == 0
