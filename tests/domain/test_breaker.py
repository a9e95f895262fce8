"""A mailing too many of whose latest letters fail is held, with the figures, before the account's name suffers."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from mailer.domain.breaker import Results, break_circuit
from mailer.domain.holds import holds_on_mailing, resume_mailing
from mailer.models.lanes import HoldKind
from mailer.models.mailings import AttemptStatus, Mailing, RecipientState, Verdict
from mailer.models.users import User
from tests.support.factories import attempt_on, client_of, recipients_of, settle, started_mailing_of


@pytest.fixture
def mailing(alice: User) -> Mailing:
    return started_mailing_of(alice, clients=[client_of(alice), client_of(alice)])


def answers(mailing: Mailing, at: datetime, *, accepted: int = 0, unknown_user: int = 0, spam: int = 0) -> None:
    recipient = recipients_of(mailing)[0]
    for _ in range(accepted):
        attempt_on(recipient, attempted_at=at)
    for _ in range(unknown_user):
        attempt_on(recipient, AttemptStatus.FAILED, Verdict.RECIPIENT, 550, "5.1.1 User unknown", attempted_at=at)
    for _ in range(spam):
        attempt_on(recipient, AttemptStatus.FAILED, Verdict.CONTENT, 554, "5.7.0 spam", attempted_at=at)


@pytest.mark.parametrize(("accepted", "unknown_user", "spam"), [(16, 4, 0), (19, 0, 1), (0, 12, 7), (80, 10, 10)])
def test_a_usual_share_of_failures_or_too_few_letters_stop_nothing(
    session: Session, now: datetime, mailing: Mailing, accepted: int, unknown_user: int, spam: int
) -> None:
    answers(mailing, now, accepted=accepted, unknown_user=unknown_user, spam=spam)
    assert break_circuit(session, mailing.id, now) is False


def test_too_many_hold_the_mailing_with_the_figures(session: Session, now: datetime, mailing: Mailing) -> None:
    answers(mailing, now, accepted=15, unknown_user=4, spam=2)
    assert break_circuit(session, mailing.id, now) is True
    [hold] = holds_on_mailing(session, mailing.id, now)
    assert (hold.kind, hold.placed_by_id) == (HoldKind.BAD_RESULTS, None)
    assert Results.unpacked(hold.reason) == Results(letters=21, recipients=4, content=2)
    assert break_circuit(session, mailing.id, now) is False


def test_only_the_latest_letters_count(session: Session, now: datetime, mailing: Mailing) -> None:
    answers(mailing, now, unknown_user=60)
    answers(mailing, now, accepted=80)
    assert break_circuit(session, mailing.id, now) is False


def test_after_the_owners_word_the_count_begins_anew(session: Session, now: datetime, mailing: Mailing) -> None:
    answers(mailing, now, unknown_user=20)
    break_circuit(session, mailing.id, now)
    assert resume_mailing(session, mailing.id, now) is True
    later = now + timedelta(seconds=1)
    answers(mailing, later, accepted=19, unknown_user=1)
    assert break_circuit(session, mailing.id, later) is False
    answers(mailing, later, unknown_user=20)
    assert break_circuit(session, mailing.id, later) is True


def test_where_nobody_is_left_to_protect_nothing_is_held(session: Session, now: datetime, mailing: Mailing) -> None:
    answers(mailing, now, unknown_user=20)
    for recipient in recipients_of(mailing):
        settle(recipient, RecipientState.FAILED)
    session.flush()
    assert break_circuit(session, mailing.id, now) is False
