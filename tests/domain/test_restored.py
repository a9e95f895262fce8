"""What a database that was restored by any means is kept from doing by itself."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.domain.holds import hold_mailing, holds_on_mailing, resume_mailing
from mailer.domain.notices import due_notices, write_notice
from mailer.domain.progress import Start, claim_start
from mailer.domain.restored import hold_all_mailings
from mailer.models.audit import Action, AuditEntry
from mailer.models.lanes import HoldKind
from mailer.models.notices import NoticeKind
from mailer.models.users import User
from tests.support.factories import completed_mailing_of, mailing_of, started_mailing_of


def test_a_booked_mailing_does_not_start_until_its_owner_says_so(
    session: Session, alice: User, now: datetime
) -> None:
    mailing = mailing_of(alice, starts_in=timedelta(seconds=-1))
    assert hold_all_mailings(session, now).mailings == 1
    assert claim_start(session, mailing.id, now) is Start.NOT_MINE
    assert resume_mailing(session, mailing.id, now)
    assert claim_start(session, mailing.id, now) is Start.STARTED


def test_a_mailing_that_was_paused_is_held_for_the_restore_too(session: Session, alice: User, now: datetime) -> None:
    mailing = started_mailing_of(alice)
    hold_mailing(session, mailing.id, HoldKind.PAUSED, now, placed_by_id=alice.id)
    hold_all_mailings(session, now)
    assert [hold.kind for hold in holds_on_mailing(session, mailing.id, now)] == [HoldKind.PAUSED, HoldKind.RESTORED]


def test_a_completed_mailing_is_left_as_it_is(session: Session, alice: User, now: datetime) -> None:
    mailing = completed_mailing_of(alice)
    assert hold_all_mailings(session, now).mailings == 0
    assert holds_on_mailing(session, mailing.id, now) == []


def test_a_second_time_changes_nothing(session: Session, alice: User, now: datetime) -> None:
    started_mailing_of(alice)
    hold_all_mailings(session, now)
    hold_all_mailings(session, now)
    assert [entry.action for entry in session.scalars(select(AuditEntry))] == [Action.HOLD]


@pytest.mark.parametrize("kind", [NoticeKind.RESET_PASSWORD, NoticeKind.PASSWORD_CHANGED])
def test_the_systems_own_letters_that_waited_are_given_up(
    session: Session, alice: User, now: datetime, kind: NoticeKind
) -> None:
    write_notice(session, kind, alice, now)
    hold_all_mailings(session, now)
    assert session.scalars(due_notices(now)).all() == []
