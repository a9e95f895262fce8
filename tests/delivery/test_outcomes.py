"""What a reply makes of a recipient, and of the account."""

from datetime import timedelta

import pytest

from mailer.delivery.outcomes import REPLY_CHARACTERS, Stage, classify, given_up, reply_text
from mailer.models.lanes import HoldKind
from mailer.models.mailings import AttemptStatus, RecipientState, Verdict


@pytest.mark.parametrize(
    ("stage", "code", "state", "verdict", "hold"),
    [
        (Stage.DOT, 250, RecipientState.ACCEPTED, Verdict.ACCEPTED, None),
        (Stage.DOT, 451, RecipientState.PENDING, Verdict.TEMPORARY, None),
        (Stage.DOT, 554, RecipientState.FAILED, Verdict.CONTENT, None),
        (Stage.DATA, 451, RecipientState.PENDING, Verdict.TEMPORARY, None),
        (Stage.RCPT, 450, RecipientState.PENDING, Verdict.TEMPORARY, None),
        (Stage.RCPT, 550, RecipientState.FAILED, Verdict.RECIPIENT, None),
        (Stage.RCPT, 530, RecipientState.PENDING, Verdict.ACCOUNT, HoldKind.LOGIN_REFUSED),
        (Stage.MAIL, 451, RecipientState.PENDING, Verdict.TEMPORARY, None),
        (Stage.MAIL, 535, RecipientState.PENDING, Verdict.ACCOUNT, HoldKind.LOGIN_REFUSED),
        (Stage.MAIL, 553, RecipientState.PENDING, Verdict.ACCOUNT, HoldKind.SENDER_REFUSED),
        # A code that means nothing at its place is no proof of anything.
        (Stage.DOT, 354, RecipientState.PENDING, Verdict.TEMPORARY, None),
        (Stage.RSET, 502, RecipientState.PENDING, Verdict.TEMPORARY, None),
    ],
)
def test_the_class_of_a_reply_and_its_place_decide(
    stage: Stage, code: int, state: RecipientState, verdict: Verdict, hold: HoldKind | None
) -> None:
    outcome = classify(stage, code)
    assert (outcome.state, outcome.verdict, outcome.account_hold) == (state, verdict, hold)


@pytest.mark.parametrize(
    ("stage", "reply", "verdict", "state"),
    [
        (Stage.DOT, "550 5.1.1 User unknown", Verdict.RECIPIENT, RecipientState.FAILED),
        (Stage.RCPT, "554 5.7.0 Reject, id=1-2 - SPAM", Verdict.CONTENT, RecipientState.FAILED),
        (Stage.RCPT, "552 5.2.2 Mailbox full", Verdict.RECIPIENT, RecipientState.PENDING),
        (Stage.RCPT, "554 5.7.1 Relay access denied", Verdict.ACCOUNT, RecipientState.PENDING),
        # What contradicts itself is judged by its code.
        (Stage.RCPT, "450 5.1.1 User unknown", Verdict.TEMPORARY, RecipientState.PENDING),
        (Stage.RCPT, "550 4.2.1 Nope", Verdict.RECIPIENT, RecipientState.FAILED),
    ],
)
def test_the_words_decide_wherever_a_known_reply_comes(
    stage: Stage, reply: str, verdict: Verdict, state: RecipientState
) -> None:
    outcome = classify(stage, int(reply[:3]), reply[4:])
    assert (outcome.verdict, outcome.state) == (verdict, state)


@pytest.mark.parametrize(
    ("reply", "kind", "hold_for"),
    [
        ("554 5.7.1 [2] Message rejected under suspicion of SPAM", HoldKind.BLOCKED, timedelta(hours=24, minutes=10)),
        ("554 5.7.1 Client host [10.1.1.1] blocked using zen.spamhaus.org", HoldKind.BLOCKED, None),
        ("454 Throttling failure: Daily message quota exceeded", HoldKind.QUOTA, timedelta(hours=24, minutes=10)),
        ("450 4.7.1 Hourly limit exceeded, try again in 20 minutes", HoldKind.QUOTA, timedelta(minutes=20)),
        ("535 5.7.8 Bad password, try again in 5 minutes", HoldKind.LOGIN_REFUSED, None),
    ],
)
def test_a_fault_of_the_account_holds_it_as_long_as_the_reason_lasts(
    reply: str, kind: HoldKind, hold_for: timedelta | None
) -> None:
    outcome = classify(Stage.DOT, int(reply[:3]), reply[4:])
    assert (outcome.account_hold, outcome.hold_for, outcome.state) == (kind, hold_for, RecipientState.PENDING)


def test_a_named_time_is_that_of_the_retry() -> None:
    assert classify(Stage.RCPT, 451, "4.7.1 Greylisted, try again in 5 minutes").retry_seconds == 300
    assert classify(Stage.RCPT, 451, "4.7.1 Greylisted").retry_seconds is None
    assert classify(Stage.RCPT, 550, "5.1.1 User unknown, try again in 5 minutes").retry_seconds is None


def test_whoever_was_put_off_too_often_has_failed_by_the_same_verdict() -> None:
    outcome = given_up(classify(Stage.RCPT, 451, "4.7.1 Greylisted, try again in 5 minutes"))
    assert (outcome.status, outcome.state) == (AttemptStatus.FAILED, RecipientState.FAILED)
    assert (outcome.verdict, outcome.retry_seconds) == (Verdict.TEMPORARY, None)


@pytest.mark.parametrize(
    "words",
    [
        "5.1.1 User unknown",
        "5.1.1 <b@example.org>: Recipient address rejected: User unknown in virtual mailbox table",
        "No such user here",
        "5.1.1 The email account that you tried to reach does not exist.",
    ],
)
def test_a_mailbox_that_does_not_exist_suppresses(words: str) -> None:
    assert classify(Stage.RCPT, 550, words).suppresses
    assert classify(Stage.RCPT, 550, words).verdict is Verdict.RECIPIENT


@pytest.mark.parametrize(
    ("stage", "code", "words"),
    [
        (Stage.RCPT, 550, "5.7.1 Our system has detected that your message is spam"),
        (Stage.RCPT, 552, "5.2.2 Mailbox full"),
        (Stage.RCPT, 550, "5.7.1 Service unavailable; client host blocked"),
        (Stage.RCPT, 450, "4.1.1 User unknown"),
        (Stage.RCPT, 550, "Requested action not taken"),
        (Stage.MAIL, 550, "5.1.1 User unknown"),
    ],
)
def test_what_may_be_somebody_elses_fault_suppresses_nobody(stage: Stage, code: int, words: str) -> None:
    assert not classify(stage, code, words).suppresses


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("5.1.1 Нет такого".encode(), "5.1.1 Нет такого"),
        ("Boîte pleine".encode("latin-1"), "Boîte pleine"),
        (b"with\0nul", "with\ufffdnul"),
        (b"  two\nlines \n", "two\nlines"),
    ],
)
def test_a_reply_is_kept_as_text(raw: bytes, text: str) -> None:
    assert reply_text(raw) == text


def test_an_endless_reply_is_cut() -> None:
    assert len(reply_text(b"x" * 100_000)) == REPLY_CHARACTERS + 1
