"""Old attempts go; whom a mailing was sent to, and what became of them, stays."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from mailer.domain.books import Books, books_of_each
from mailer.domain.progress import resend
from mailer.domain.pruning import note_pruning, prunable_mailing_ids, prune_batch, pruned_before
from mailer.domain.reports import ALWAYS, started_mailings_of, total_books
from mailer.keeping.prune import prune_attempts
from mailer.models.audit import Action, AuditEntry
from mailer.models.mailings import Attempt, Mailing, MailingStatus, RecipientState
from mailer.models.users import User
from tests.support.factories import attempt_on, client_of, completed_mailing_of, recipients_of, started_mailing_of

YEAR = timedelta(days=365)


def aged_mailing_of(owner: User, ages: list[list[int]], now: datetime, *, is_completed: bool = True) -> Mailing:
    """A mailing of 800 days ago: a recipient for each list, and an attempt for each number of days in it."""
    mailing = started_mailing_of(owner, clients=[client_of(owner) for _ in ages])
    for recipient, of_recipient in zip(recipients_of(mailing), ages, strict=True):
        recipient.state, recipient.tries = RecipientState.ACCEPTED, len(of_recipient)
        for days in of_recipient:
            attempt_on(recipient, attempted_at=now - timedelta(days=days))
    mailing.started_at = now - timedelta(days=800)
    mailing.status = MailingStatus.COMPLETED if is_completed else MailingStatus.STARTED
    return mailing


def count_attempts(session: Session) -> int:
    return session.scalar(select(func.count(Attempt.id))) or 0


def prune_all(session: Session, before: datetime, size: int) -> int:
    removed = 0
    for mailing_id in prunable_mailing_ids(session, before):
        after_id: int | None = 0
        while after_id is not None:
            batch = prune_batch(session, mailing_id, before, after_id, size)
            after_id, removed = batch.last_id, removed + batch.removed
    return removed


ages = st.lists(st.lists(st.sampled_from([0, 100, 364, 366, 400, 800]), max_size=4), min_size=1, max_size=5)
histories = st.lists(st.tuples(ages, st.booleans(), st.lists(st.sampled_from(list(RecipientState)))), max_size=4)


@settings(max_examples=25)
@given(history=histories, size=st.sampled_from([1, 2, 1000]))
def test_the_books_and_the_reports_are_equal_before_and_after(
    session: Session, alice: User, history: list[tuple[list[list[int]], bool, list[RecipientState]]], size: int
) -> None:
    now = datetime.fromisoformat("2026-07-01T12:00:00+00:00")
    with session.begin_nested() as savepoint:
        mailings, kept = [], 0
        for of_mailing, is_completed, states in history:
            mailing = aged_mailing_of(alice, of_mailing, now, is_completed=is_completed)
            for recipient, state in zip(recipients_of(mailing), states, strict=False):
                recipient.state = state
            mailings.append(mailing)
            kept += sum(days <= 365 or not is_completed for days in sum(of_mailing, []))
        session.flush()
        before, count = totals(session, alice, mailings), count_attempts(session)
        assert prune_all(session, now - YEAR, size) == count - kept
        assert count_attempts(session) == kept
        assert totals(session, alice, mailings) == before
        savepoint.rollback()


def totals(session: Session, owner: User, mailings: list[Mailing]) -> tuple[dict[int, Books], Books]:
    return books_of_each(session, mailings), total_books(session, started_mailings_of(owner.id, ALWAYS))


def test_nothing_goes_of_a_mailing_that_was_sent_again_meanwhile(session: Session, alice: User, now: datetime) -> None:
    mailing = aged_mailing_of(alice, [[400]], now)
    recipients_of(mailing)[0].state = RecipientState.FAILED
    mailing.completed_at = now
    assert prunable_mailing_ids(session, now - YEAR) == [mailing.id]
    resend(session, mailing, [RecipientState.FAILED], now, now + timedelta(days=1), now)
    batch = prune_batch(session, mailing.id, now - YEAR, 0, 100)
    assert (batch.removed, batch.last_id, count_attempts(session)) == (0, None, 1)


def test_the_latest_time_is_remembered(session: Session, now: datetime) -> None:
    assert pruned_before(session) is None
    note_pruning(session, now - YEAR, now)
    note_pruning(session, now - 2 * YEAR, now)
    assert pruned_before(session) == now - YEAR


def test_each_batch_is_a_transaction_of_its_own_and_the_next_call_does_the_rest(
    engine: Engine, session: Session, alice: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailer.keeping.prune.BATCH", 2)
    aged_mailing_of(alice, [[400], [500], [600], [700], [10]], now)
    session.commit()

    def kill(removed: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prune_attempts(engine, now - YEAR, kill)
    assert count_attempts(session) == 3
    session.commit()
    assert prune_attempts(engine, now - YEAR) == 2
    assert count_attempts(session) == 1
    assert [entry.action for entry in session.scalars(select(AuditEntry))] == [Action.PRUNE] * 2


def test_a_recent_mailing_keeps_its_log(engine: Engine, session: Session, alice: User, now: datetime) -> None:
    completed_mailing_of(alice, accepted=3)
    session.commit()
    assert prune_attempts(engine, now - YEAR) == 0
    assert count_attempts(session) == 3
