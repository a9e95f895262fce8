from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.domain.holds import (
    UNREACHABLE_PAUSES,
    hold_account,
    hold_mailing,
    hold_unreachable,
    holds_on_account,
    holds_on_mailing,
    lift_account_holds,
    lift_hold,
)
from mailer.models.lanes import Hold, HoldKind
from mailer.models.users import User
from tests.domain.conftest import Race
from tests.support.factories import mailing_of


def test_a_hold_stops_one_mailing_until_it_is_lifted(session: Session, alice: User, now: datetime) -> None:
    held, other = mailing_of(alice), mailing_of(alice)
    assert hold_mailing(session, held.id, HoldKind.PAUSED, now, placed_by_id=alice.id, reason="wait") is True
    [hold] = holds_on_mailing(session, held.id, now)
    assert (hold.kind, hold.reason, hold.placed_by_id) == (HoldKind.PAUSED, "wait", alice.id)
    assert holds_on_mailing(session, other.id, now) == holds_on_account(session, now) == []
    assert lift_hold(session, held.id, HoldKind.PAUSED, now) is True
    assert holds_on_mailing(session, held.id, now) == []


def test_the_owners_hold_and_the_managers_are_two(session: Session, alice: User, mary: User, now: datetime) -> None:
    mailing = mailing_of(alice)
    hold_mailing(session, mailing.id, HoldKind.PAUSED, now, placed_by_id=alice.id)
    hold_mailing(session, mailing.id, HoldKind.DISABLED, now, placed_by_id=mary.id, reason="complaints")
    lift_hold(session, mailing.id, HoldKind.PAUSED, now)
    assert [hold.kind for hold in holds_on_mailing(session, mailing.id, now)] == [HoldKind.DISABLED]


def test_a_second_hold_of_the_same_kind_changes_nothing(session: Session, alice: User, now: datetime) -> None:
    mailing = mailing_of(alice)
    hold_mailing(session, mailing.id, HoldKind.PAUSED, now, placed_by_id=alice.id, reason="first")
    assert hold_mailing(session, mailing.id, HoldKind.PAUSED, now, placed_by_id=alice.id, reason="second") is False
    assert [hold.reason for hold in holds_on_mailing(session, mailing.id, now)] == ["first"]


def test_pauses_at_once_make_one_hold(session: Session, alice: User, now: datetime, race: Race[bool]) -> None:
    mailing_id, alice_id = mailing_of(alice).id, alice.id
    session.commit()
    placed = race(
        [lambda session: hold_mailing(session, mailing_id, HoldKind.PAUSED, now, placed_by_id=alice_id)] * 6
    )
    assert sorted(placed) == [False] * 5 + [True]


def test_what_is_not_held_cannot_be_lifted(session: Session, alice: User, now: datetime) -> None:
    mailing = mailing_of(alice)
    assert lift_hold(session, mailing.id, HoldKind.PAUSED, now) is False
    hold_mailing(session, mailing.id, HoldKind.PAUSED, now, placed_by_id=alice.id)
    assert lift_hold(session, mailing.id, HoldKind.DISABLED, now) is False


def test_a_mailing_can_be_held_again_after_its_hold_was_lifted(session: Session, alice: User, now: datetime) -> None:
    mailing = mailing_of(alice)
    for _ in range(3):
        assert hold_mailing(session, mailing.id, HoldKind.PAUSED, now, placed_by_id=alice.id) is True
        assert lift_hold(session, mailing.id, HoldKind.PAUSED, now) is True


def test_the_account_is_held_with_the_servers_reason_until_somebody_lifts_it(session: Session, now: datetime) -> None:
    hold_account(session, HoldKind.LOGIN_REFUSED, now, reason="5.7.8 bad password", code=535, until=None)
    [hold] = holds_on_account(session, now + timedelta(days=365))
    assert (hold.reason, hold.code, hold.failures) == ("5.7.8 bad password", 535, 1)
    assert lift_account_holds(session, now) == 1
    assert holds_on_account(session, now) == []


def test_an_unreachable_server_is_tried_again_after_pauses_that_grow_to_a_limit(
    session: Session, now: datetime
) -> None:
    pauses = []
    for _ in range(len(UNREACHABLE_PAUSES) + 2):
        hold_unreachable(session, now, reason="Connection refused", code=None)
        session.expire_all()
        [hold] = holds_on_account(session, now)
        assert hold.until is not None
        pauses.append(hold.until - now)
        now = hold.until
        assert holds_on_account(session, now) == []
    assert pauses == [*UNREACHABLE_PAUSES, *[UNREACHABLE_PAUSES[-1]] * 2]
    # A server that has come back is noticed within a minute, as promised.
    assert max(pauses) < timedelta(minutes=1)


def test_a_failure_after_a_success_begins_with_the_shortest_pause_again(session: Session, now: datetime) -> None:
    hold_unreachable(session, now, reason="Connection refused", code=None)
    hold_unreachable(session, now, reason="Connection refused", code=None)
    lift_hold(session, None, HoldKind.UNREACHABLE, now)
    hold_unreachable(session, now, reason="Connection refused", code=None)
    assert [hold.until for hold in holds_on_account(session, now)] == [now + UNREACHABLE_PAUSES[0]]


@pytest.mark.parametrize("kind", [HoldKind.LOGIN_REFUSED, HoldKind.UNREACHABLE])
def test_lanes_that_meet_the_same_failure_at_once_hold_the_account_once(
    session: Session, now: datetime, race: Race[None], kind: HoldKind
) -> None:
    race([lambda session: hold_account(session, kind, now, reason="no", code=535, until=None)] * 6)
    assert session.scalar(select(func.count(Hold.id))) == 1
