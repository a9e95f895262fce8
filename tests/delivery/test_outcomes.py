"""What a reply makes of a recipient, and of the account."""

import pytest

from mailer.delivery.outcomes import REPLY_CHARACTERS, Stage, classify, reply_text
from mailer.models.lanes import HoldKind
from mailer.models.mailings import RecipientState, Verdict


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
