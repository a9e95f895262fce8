"""The fence, turn by turn, on either database: what it lets through, and what it keeps back."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine, delete, select, update
from sqlalchemy.orm import Session

from mailer.delivery.claims import Answer, Fence, MailingGone, Wishes, open_fence
from mailer.delivery.lease import lane_of
from mailer.delivery.outcomes import ACCEPTED, GONE_RECIPIENT, REFUSED_RECIPIENT, TEMPORARY, UNKNOWN
from mailer.delivery.sweep import end_lane
from mailer.domain.clock import database_now
from mailer.domain.holds import hold_account, hold_mailing, lift_hold
from mailer.domain.probation import Passage, pass_account
from mailer.domain.progress import finish
from mailer.models.clients import Client, Suppression, SuppressionReason
from mailer.models.lanes import HoldKind
from mailer.models.mailings import Attempt, AttemptStatus, Mailing, Recipient, RecipientState
from mailer.models.users import User
from tests.delivery.conftest import write_anew
from tests.support.factories import clients_with, recipients_of, started_mailing_of, states_of, suppress

EMAILS = [f"r{number}@example.org" for number in range(1, 6)]


@pytest.fixture
def mailing(alice: User, session: Session) -> Mailing:
    mailing = started_mailing_of(alice, clients=clients_with(alice, *EMAILS))
    session.commit()
    return mailing


@pytest.fixture
def token(engine: Engine, mailing: Mailing) -> Iterator[str]:
    with lane_of(engine, mailing.id, 1, "mailer.example") as token:
        assert token is not None
        yield token


@pytest.fixture
def fence(engine: Engine, mailing: Mailing, token: str) -> Iterator[Fence]:
    fence = open_fence(engine, mailing.id, mailing.owner_id, token)
    yield fence
    fence.close()


def claim(fence: Fence, count: int) -> list[int]:
    return [claim.recipient_id for claim in fence.turn(Wishes(claim_count=count)).claims]


def begin(fence: Fence, *recipient_ids: int) -> frozenset[int]:
    return fence.turn(Wishes(begin=recipient_ids)).begun


def accept(recipient_id: int) -> Answer:
    return Answer(recipient_id, ACCEPTED, 250, "2.0.0 Ok", "1.1.1.token@mailer.example")


def state_of(session: Session, recipient_id: int) -> RecipientState:
    session.rollback()
    return session.get_one(Recipient, recipient_id, populate_existing=True).state


def test_a_recipient_is_claimed_begun_and_recorded(fence: Fence, session: Session, mailing: Mailing) -> None:
    (first,) = claim(fence, 1)
    assert state_of(session, first) is RecipientState.CLAIMED
    assert begin(fence, first) == {first}
    assert state_of(session, first) is RecipientState.BEGUN
    fence.turn(Wishes(answers=[accept(first)]))
    session.rollback()
    recipient = session.get_one(Recipient, first, populate_existing=True)
    assert (recipient.state, recipient.lane, recipient.tries) == (RecipientState.ACCEPTED, None, 1)
    attempt = session.scalars(select(Attempt)).one()
    assert (attempt.recipient_id, attempt.status, attempt.code) == (first, AttemptStatus.SUCCESS, 250)


def test_claims_come_in_order_and_never_twice(fence: Fence, mailing: Mailing) -> None:
    ids = [recipient.id for recipient in recipients_of(mailing)]
    assert claim(fence, 2) + claim(fence, 2) + claim(fence, 2) + claim(fence, 2) == ids


def test_two_lanes_never_claim_the_same_recipient(engine: Engine, fence: Fence, mailing: Mailing) -> None:
    with lane_of(engine, mailing.id, 4, "mailer.example") as other_token:
        assert other_token is not None
        other = open_fence(engine, mailing.id, mailing.owner_id, other_token)
        mine, theirs = claim(fence, 3), claim(other, 3)
        other.close()
    assert not set(mine) & set(theirs)
    assert len(mine + theirs) == len(EMAILS)


def test_somebody_elses_recipient_cannot_begin(engine: Engine, fence: Fence, mailing: Mailing) -> None:
    with lane_of(engine, mailing.id, 4, "mailer.example") as other_token:
        assert other_token is not None
        other = open_fence(engine, mailing.id, mailing.owner_id, other_token)
        (theirs,) = claim(other, 1)
        assert begin(fence, theirs) == frozenset()
        assert begin(other, theirs) == {theirs}
        other.close()


def test_nothing_begins_without_the_token(fence: Fence, session: Session, token: str) -> None:
    first, second = claim(fence, 2)
    write_anew(session)
    end_lane(session, token, "swept in a test")
    session.commit()
    turn = fence.turn(Wishes(begin=[first], claim_count=3))
    assert (turn.is_lane_alive, turn.begun, list(turn.claims)) == (False, frozenset(), [])
    assert state_of(session, first) is state_of(session, second) is RecipientState.PENDING


def test_what_was_begun_is_unknown_after_the_sweep_and_a_late_answer_settles_it(
    fence: Fence, session: Session, token: str
) -> None:
    first, second = claim(fence, 2)
    begin(fence, first, second)
    write_anew(session)
    end_lane(session, token, "swept in a test")
    session.commit()
    assert state_of(session, first) is RecipientState.UNKNOWN
    fence.turn(Wishes(answers=[accept(first), Answer(second, TEMPORARY, 451, "later", "x@y", 1.0)]))
    assert state_of(session, first) is RecipientState.ACCEPTED
    # An answer that would open the story again comes too late.
    assert state_of(session, second) is RecipientState.UNKNOWN
    statuses = [attempt.status for attempt in session.scalars(select(Attempt).order_by(Attempt.id))]
    assert statuses == [AttemptStatus.UNKNOWN, AttemptStatus.UNKNOWN, AttemptStatus.SUCCESS]


@pytest.mark.parametrize("kind", ["paused", "account"])
def test_a_hold_stops_begins_and_claims_at_once(
    fence: Fence, session: Session, mailing: Mailing, alice: User, kind: str
) -> None:
    (first,) = claim(fence, 1)
    write_anew(session)
    now = database_now(session)
    if kind == "paused":
        hold_mailing(session, mailing.id, HoldKind.PAUSED, now, placed_by_id=alice.id)
    else:
        hold_account(session, HoldKind.LOGIN_REFUSED, now, reason="no", code=535, until=None)
    session.commit()
    turn = fence.turn(Wishes(begin=[first], claim_count=2))
    assert (turn.is_open, turn.begun, list(turn.claims)) == (False, frozenset(), [])
    assert state_of(session, first) is RecipientState.PENDING
    write_anew(session)
    lifted = lift_hold(
        session,
        mailing.id if kind == "paused" else None,
        HoldKind.PAUSED if kind == "paused" else HoldKind.LOGIN_REFUSED,
        now,
    )
    session.commit()
    assert lifted
    assert claim(fence, 1) == [first]


def test_a_hold_whose_time_is_over_lets_its_probe_through_and_nobody_else(
    engine: Engine, fence: Fence, session: Session, mailing: Mailing, token: str
) -> None:
    write_anew(session)
    now = database_now(session)
    hold_account(session, HoldKind.UNREACHABLE, now, reason="away", code=None, until=now - timedelta(seconds=1))
    session.commit()
    assert claim(fence, 1) == []
    write_anew(session)
    assert pass_account(session, token, now) is Passage.PROBE
    session.commit()
    [first] = claim(fence, 1)
    assert begin(fence, first) == {first}
    with lane_of(engine, mailing.id, 4, "mailer.example") as other_token:
        assert other_token is not None
        other = open_fence(engine, mailing.id, mailing.owner_id, other_token)
        assert claim(other, 1) == []
        other.close()


def test_a_suppressed_address_is_not_begun(fence: Fence, session: Session, alice: User) -> None:
    first, second = claim(fence, 2)
    write_anew(session)
    suppress(alice, EMAILS[0].upper())
    session.commit()
    assert begin(fence, first, second) == {second}
    assert state_of(session, first) is RecipientState.SUPPRESSED


def test_a_deleted_client_is_not_begun(fence: Fence, session: Session) -> None:
    (first,) = claim(fence, 1)
    write_anew(session)
    session.execute(delete(Client).where(Client.email == EMAILS[0]))
    session.commit()
    assert begin(fence, first) == frozenset()
    assert state_of(session, first) is RecipientState.SUPPRESSED


@pytest.mark.parametrize("side", ["before the start", "after the end"])
def test_nothing_begins_outside_the_window(fence: Fence, session: Session, mailing: Mailing, side: str) -> None:
    (first,) = claim(fence, 1)
    now = database_now(session)
    start, end = (now + timedelta(hours=1), now + timedelta(hours=2))
    if side == "after the end":
        start, end = (now - timedelta(hours=2), now - timedelta(hours=1))
    write_anew(session)
    session.execute(update(Mailing).where(Mailing.id == mailing.id).values(start_time=start, end_time=end))
    session.commit()
    assert begin(fence, first) == frozenset()
    assert claim(fence, 5) == []


def test_a_finished_mailing_begins_nothing_more(fence: Fence, session: Session, mailing: Mailing) -> None:
    first, second = claim(fence, 2)
    assert begin(fence, first) == {first}
    write_anew(session)
    finish(session, mailing, database_now(session))
    session.commit()
    assert begin(fence, second) == frozenset()
    fence.turn(Wishes(answers=[accept(first)]))
    states = sorted(states_of(mailing).values())
    assert states == ["accepted", "expired", "expired", "expired", "pending"]


def test_a_turn_that_is_repeated_changes_nothing_twice(fence: Fence, session: Session) -> None:
    first, second = claim(fence, 2)
    wishes = Wishes(begin=[first])
    assert fence.turn(wishes).begun == fence.turn(wishes).begun == {first}
    wishes = Wishes(answers=[accept(first)])
    fence.turn(wishes)
    fence.turn(wishes)
    session.rollback()
    assert session.get_one(Recipient, first).tries == 1
    assert len(session.scalars(select(Attempt)).all()) == 1


def test_claims_that_the_lane_never_heard_of_go_back(fence: Fence, session: Session) -> None:
    first, second, third = claim(fence, 3)
    fence.turn(Wishes(held=[first]))
    assert state_of(session, first) is RecipientState.CLAIMED
    assert state_of(session, second) is state_of(session, third) is RecipientState.PENDING


def test_a_deferred_recipient_waits_for_its_time_and_delays_nobody(
    fence: Fence, session: Session, mailing: Mailing
) -> None:
    (first,) = claim(fence, 1)
    fence.turn(Wishes(answers=[Answer(first, TEMPORARY, 451, "later", None, 3600.0)]))
    assert len(claim(fence, 10)) == len(EMAILS) - 1
    session.rollback()
    recipient = session.get_one(Recipient, first, populate_existing=True)
    assert recipient.next_attempt_at is not None
    assert (recipient.state, recipient.tries) == (RecipientState.PENDING, 1)
    write_anew(session)
    session.execute(update(Recipient).where(Recipient.id == first).values(next_attempt_at=database_now(session)))
    session.commit()
    assert claim(fence, 10) == [first]


def test_a_refusal_at_the_envelope_is_recorded_without_a_begin(fence: Fence, session: Session) -> None:
    (first,) = claim(fence, 1)
    fence.turn(Wishes(answers=[Answer(first, REFUSED_RECIPIENT, 550, "5.1.1 User unknown", None)]))
    assert state_of(session, first) is RecipientState.FAILED
    assert session.get_one(Recipient, first).tries == 1


ODD_WORDS = ['{"a", \\, NULL}', "NULL", "", "two\nlines\tand 'quotes'", 'Ящик «"полон"» 📪']


def test_every_answer_of_a_turn_is_recorded_word_for_word(fence: Fence, session: Session) -> None:
    ids, codes = claim(fence, len(ODD_WORDS)), (None, 550, 251, 0, 554)
    begin(fence, *ids)
    answers = [
        Answer(id, UNKNOWN, code, words, f"1.{words}@x") for id, code, words in zip(ids, codes, ODD_WORDS, strict=True)
    ]
    fence.turn(Wishes(answers=answers))
    session.rollback()
    recorded = session.scalars(select(Attempt).order_by(Attempt.recipient_id))
    assert [(attempt.recipient_id, attempt.code, attempt.reply, attempt.letter_id) for attempt in recorded] == [
        (answer.recipient_id, answer.code, answer.reply, answer.letter_id) for answer in answers
    ]


@pytest.mark.parametrize("name", ODD_WORDS)
def test_a_claim_tells_the_name_and_the_address_as_they_are(
    fence: Fence, session: Session, mailing: Mailing, name: str
) -> None:
    write_anew(session)
    recipient = recipients_of(mailing)[0]
    recipient.full_name, recipient.email = name, 'o\'"neil"@example.org'
    session.commit()
    (claim,) = fence.turn(Wishes(claim_count=1)).claims
    assert (claim.full_name, claim.email, claim.tries) == (name, 'o\'"neil"@example.org', 0)


def test_a_mailbox_that_does_not_exist_is_suppressed_with_the_record(
    fence: Fence, session: Session, mailing: Mailing, alice: User
) -> None:
    missing, refused, accepted = claim(fence, 3)
    answers = [
        Answer(missing, GONE_RECIPIENT, 550, "5.1.1 User unknown", None),
        Answer(refused, REFUSED_RECIPIENT, 550, "5.7.1 Not you", None),
        accept(accepted),
    ]
    fence.turn(Wishes(answers=answers))
    fence.turn(Wishes(answers=answers))
    session.rollback()
    (entry,) = session.scalars(select(Suppression))
    assert (entry.owner_id, entry.email, entry.email_key) == (alice.id, EMAILS[0], EMAILS[0])
    assert (entry.reason, entry.mailing_id) == (SuppressionReason.HARD_FAILURE, mailing.id)
    assert abs(entry.created_at - database_now(session)) < timedelta(minutes=1)
    assert state_of(session, missing) is RecipientState.FAILED


def test_an_answer_that_is_too_late_suppresses_nobody(fence: Fence, session: Session, token: str) -> None:
    (first,) = claim(fence, 1)
    write_anew(session)
    end_lane(session, token, "swept in a test")
    session.commit()
    fence.turn(Wishes(answers=[Answer(first, GONE_RECIPIENT, 550, "5.1.1 User unknown", None)]))
    assert session.scalars(select(Suppression)).all() == []


def test_an_address_that_is_suppressed_for_several_reasons_is_suppressed_once(
    fence: Fence, session: Session, alice: User
) -> None:
    (first,) = claim(fence, 1)
    write_anew(session)
    for reason in (SuppressionReason.BY_HAND, SuppressionReason.UNSUBSCRIBED):
        suppress(alice, EMAILS[0], reason=reason)
    session.commit()
    assert begin(fence, first) == frozenset()
    assert state_of(session, first) is RecipientState.SUPPRESSED


def test_an_unanswered_letter_keeps_its_lane(fence: Fence, session: Session, token: str) -> None:
    (first,) = claim(fence, 1)
    begin(fence, first)
    fence.turn(Wishes(answers=[Answer(first, UNKNOWN, None, "the line broke", "x@y")]))
    assert state_of(session, first) is RecipientState.UNKNOWN
    assert session.get_one(Recipient, first).lane == token


def test_a_deleted_mailing_ends_the_turn(fence: Fence, session: Session, mailing: Mailing) -> None:
    write_anew(session)
    session.execute(delete(Mailing).where(Mailing.id == mailing.id))
    session.commit()
    with pytest.raises(MailingGone):
        fence.turn(Wishes(claim_count=1))


def test_the_books_balance_at_every_step(fence: Fence, session: Session, mailing: Mailing) -> None:
    claimed = claim(fence, 3)
    begin(fence, *claimed[:2])
    fence.turn(Wishes(answers=[accept(claimed[0])], give_back=[claimed[2]]))
    session.rollback()
    assert sorted(states_of(mailing).values()) == ["accepted", "begun", "pending", "pending", "pending"]
