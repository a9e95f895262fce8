"""After a hold on the account one sender tries, and all others wait for what becomes of it."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.domain.holds import claim_untold_holds, concerned_by, hold_account, holds_on_account
from mailer.domain.probation import (
    Passage,
    allow_probe,
    end_probation,
    leave_probe,
    may_connect,
    pass_account,
    waits_for_account,
)
from mailer.models.lanes import Hold, HoldKind, Lane
from mailer.models.users import User
from tests.domain.conftest import Race
from tests.support.factories import mailing_of, started_mailing_of

A, B = "a" * 32, "b" * 32
SOON = timedelta(minutes=5)


def hold(session: Session, now: datetime, kind: HoldKind = HoldKind.BLOCKED, until: datetime | None = None) -> None:
    hold_account(session, kind, now, reason="5.7.1 blocked", code=554, until=until)
    session.expire_all()


def test_without_a_hold_everybody_passes(session: Session, now: datetime) -> None:
    assert pass_account(session, A, now) is pass_account(session, B, now) is Passage.FREE
    assert may_connect(session, A, now)


@pytest.mark.parametrize("until", [None, timedelta(hours=1)])
def test_while_it_lasts_nobody_passes_or_connects(session: Session, now: datetime, until: timedelta | None) -> None:
    hold(session, now, until=now + until if until else None)
    assert pass_account(session, A, now) is Passage.HELD
    assert not may_connect(session, A, now)
    assert session.scalar(select(waits_for_account(now))) is True


def test_then_the_first_to_come_is_the_probe_and_the_others_wait(session: Session, now: datetime) -> None:
    hold(session, now, until=now)
    assert pass_account(session, A, now, probe_until=now + SOON) is Passage.PROBE
    assert pass_account(session, B, now, probe_until=now + SOON) is Passage.HELD
    assert may_connect(session, A, now) and not may_connect(session, B, now)
    assert session.scalar(select(waits_for_account(now))) is True


def test_of_many_at_once_one_is_the_probe(session: Session, now: datetime, race: Race[Passage]) -> None:
    hold(session, now, until=now)
    session.commit()
    calls = [lambda session, number=number: pass_account(session, f"{number:032}", now, probe_until=now + SOON)
             for number in range(6)]
    assert sorted(passage.name for passage in race(calls)) == ["HELD"] * 5 + ["PROBE"]


def test_a_prober_that_dies_leaves_the_probe_to_the_next(session: Session, now: datetime, alice: User) -> None:
    hold(session, now, until=now)
    lane = Lane(
        token=A, mailing_id=mailing_of(alice).id, host="h", boot_id="b", pid=1, pid_began="1",
        letter_domain="mailer.example", started_at=now, heartbeat_at=now,
    )
    session.add(lane)
    session.flush()
    assert pass_account(session, A, now) is Passage.PROBE
    assert pass_account(session, B, now, probe_until=now + SOON) is Passage.HELD
    session.delete(lane)
    session.flush()
    assert pass_account(session, B, now, probe_until=now + SOON) is Passage.PROBE
    assert pass_account(session, A, now + 2 * SOON) is Passage.PROBE


def test_only_a_letter_that_was_taken_proves_that_a_block_is_over(session: Session, now: datetime) -> None:
    hold(session, now, until=now)
    hold(session, now, HoldKind.UNREACHABLE, until=now)
    pass_account(session, A, now, probe_until=now + SOON)
    assert end_probation(session, A, now, is_accepted=False) is False
    assert session.scalars(select(Hold.kind).where(Hold.lifted_at.is_(None))).all() == [HoldKind.BLOCKED]
    assert end_probation(session, A, now, is_accepted=True) is True
    assert pass_account(session, B, now) is Passage.FREE


def test_nobody_else_ends_it(session: Session, now: datetime) -> None:
    hold(session, now, until=now)
    pass_account(session, A, now, probe_until=now + SOON)
    assert end_probation(session, B, now, is_accepted=True) is False


def test_a_failed_probe_renews_the_hold(session: Session, now: datetime) -> None:
    hold(session, now, until=now)
    pass_account(session, A, now, probe_until=now + SOON)
    hold(session, now, until=now + timedelta(days=1))
    [renewed] = holds_on_account(session, now)
    assert (renewed.failures, renewed.probe) == (2, None)
    assert pass_account(session, A, now) is Passage.HELD


def test_a_probe_that_showed_nothing_is_left_to_the_next(session: Session, now: datetime) -> None:
    hold(session, now, until=now)
    pass_account(session, A, now, probe_until=now + SOON)
    leave_probe(session, A)
    assert pass_account(session, B, now, probe_until=now + SOON) is Passage.PROBE


def test_a_persons_word_ends_the_waiting_but_not_the_hold(session: Session, now: datetime) -> None:
    hold(session, now, HoldKind.LOGIN_REFUSED)
    assert allow_probe(session, now) == 1
    assert pass_account(session, A, now, probe_until=now + SOON) is Passage.PROBE
    assert pass_account(session, B, now) is Passage.HELD


def test_of_a_hold_that_ended_people_are_told_once(session: Session, now: datetime) -> None:
    hold(session, now, until=now)
    hold(session, now, HoldKind.UNREACHABLE, until=now)
    assert claim_untold_holds(session, now) == []
    pass_account(session, A, now, probe_until=now + SOON)
    end_probation(session, A, now, is_accepted=True)
    session.expire_all()
    [told] = claim_untold_holds(session, now)
    assert session.get_one(Hold, told).kind is HoldKind.BLOCKED
    assert claim_untold_holds(session, now) == []


def test_admins_and_the_owners_who_waited_are_told(
    session: Session, now: datetime, adam: User, mary: User, alice: User, bob: User
) -> None:
    started_mailing_of(alice)
    mailing_of(bob)
    hold(session, now, until=now)
    [held] = session.scalars(select(Hold))
    held.lifted_at = now + timedelta(hours=1)
    assert sorted(session.scalars(concerned_by(held))) == sorted([adam.email, alice.email])
