import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.domain import recipients
from mailer.domain.reach import Reach, reach_of
from mailer.domain.recipients import first_failures, with_last_attempt, without_address
from mailer.models.clients import SuppressionReason
from mailer.models.mailings import AttemptStatus, Audience, Recipient, RecipientState, Verdict
from mailer.models.users import User
from tests.support.factories import (
    attempt_on,
    client_of,
    clients_with,
    completed_mailing_of,
    recipients_of,
    settle,
    started_mailing_of,
    suppress,
)

LOUD = (RecipientState.FAILED, RecipientState.UNKNOWN)


def test_each_recipient_comes_with_the_latest_attempt_or_none(session: Session, alice: User) -> None:
    mailing = started_mailing_of(alice, clients=[client_of(alice), client_of(alice)])
    tried, untried = recipients_of(mailing)
    attempt_on(tried, AttemptStatus.DEFERRED, Verdict.TEMPORARY, 451, "later")
    latest = settle(tried, RecipientState.ACCEPTED)
    rows = session.execute(with_last_attempt(select(Recipient).order_by(Recipient.id))).all()
    assert [tuple(row) for row in rows] == [(tried, latest), (untried, None)]


def test_equal_replies_are_grouped_and_the_most_frequent_come_first(session: Session, alice: User) -> None:
    mailing = started_mailing_of(alice, clients=[client_of(alice) for _ in range(5)])
    for recipient in recipients_of(mailing)[1:4]:
        recipient.state = RecipientState.FAILED
        attempt_on(recipient, AttemptStatus.FAILED, Verdict.RECIPIENT, 550, f"<{recipient.email.upper()}> unknown")
    last = recipients_of(mailing)[4]
    last.state = RecipientState.FAILED
    attempt_on(last, AttemptStatus.FAILED, Verdict.CONTENT, 554, "spam")
    settle(recipients_of(mailing)[0], RecipientState.UNKNOWN)
    found = first_failures(session, mailing, LOUD)
    assert [(group.attempt.code, group.count) for group in found.groups] == [(550, 3), (None, 1), (554, 1)]
    assert found.is_complete


def test_of_very_many_failures_only_the_first_are_read(
    session: Session, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipients, "FAILURES_READ", 3)
    mailing = completed_mailing_of(alice, accepted=2, failed=5, unknown=1)
    found = first_failures(session, mailing, LOUD)
    assert sum(group.count for group in found.groups) == 4 and not found.is_complete


def test_an_address_in_a_reply_is_not_what_makes_it_different() -> None:
    assert without_address("<A.b+c@X.example>: no", "a.b+c@x.example") == "<<>>: no"


def test_the_reach_counts_own_clients_and_who_of_them_is_suppressed(
    session: Session, alice: User, bob: User
) -> None:
    anna, boris, vera = clients_with(alice, "anna@example.org", "boris@example.org", "vera@example.org")
    suppress(alice, "boris@example.org")
    suppress(bob, "anna@example.org")
    foreign = client_of(bob)
    assert reach_of(session, alice.id, Audience.ALL, ()) == Reach(3, ((SuppressionReason.UNSUBSCRIBED, 1),))
    chosen = {anna.id, boris.id, foreign.id, 10**15}
    assert reach_of(session, alice.id, Audience.SELECTED, chosen) == Reach(2, ((SuppressionReason.UNSUBSCRIBED, 1),))
    assert reach_of(session, alice.id, Audience.SELECTED, ()).letters == 0
    assert vera.id not in chosen
