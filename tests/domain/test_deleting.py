"""Mailings that are thrown away, also beside others who are at work on them."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillWaiting

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from mailer.delivery.summing import sum_mailing
from mailer.domain.clock import database_now
from mailer.domain.deleting import delete_mailing, delete_mailings
from mailer.domain.errors import StillSending
from mailer.domain.gone_attempts import note_change
from mailer.domain.moderation import mailings_of_all
from mailer.domain.summing import draw_ticket, hold_ticket, put_sums
from mailer.domain.suppressions import suppress
from mailer.models.clients import SuppressionReason
from mailer.models.mailings import Attempt, Mailing, Recipient, RecipientState
from mailer.models.sums import QuarterSums
from mailer.models.transactions import begin_writing
from mailer.models.users import User
from tests.support.factories import (
    clients_with,
    completed_mailing_of,
    mailing_of,
    recipients_of,
    settle,
    started_mailing_of,
)

# So long whoever deletes is watched to wait for somebody else.
SECONDS_WATCHED = 0.3
SECONDS_PATIENT = 20

DeleteBeside = Callable[[int], Future[bool]]


def test_a_deleted_mailing_takes_its_recipients_and_attempts_along_and_nothing_else(
    session: Session, alice: User
) -> None:
    doomed, other = completed_mailing_of(alice, accepted=2), completed_mailing_of(alice)
    delete_mailing(session, doomed)
    session.commit()
    assert session.scalars(select(Mailing)).all() == [other]
    assert set(session.scalars(select(Recipient.mailing_id))) == {other.id}
    assert set(session.scalars(select(Attempt.mailing_id))) == {other.id}


@pytest.mark.parametrize("state", [RecipientState.CLAIMED, RecipientState.BEGUN])
def test_a_mailing_cannot_be_deleted_while_a_letter_is_being_handed_over(
    session: Session, alice: User, state: RecipientState
) -> None:
    mailing = started_mailing_of(alice)
    recipients_of(mailing)[0].state = state
    session.flush()
    with pytest.raises(StillSending):
        delete_mailing(session, mailing)
    assert session.get(Mailing, mailing.id) is mailing


def test_a_booked_mailing_can_be_deleted_with_its_selection(session: Session, alice: User) -> None:
    mailing = mailing_of(alice, clients=clients_with(alice, "anna@example.org"))
    delete_mailing(session, mailing)
    session.commit()
    assert session.scalars(select(Mailing)).all() == []


@pytest.fixture
def summed(engine: Engine, session: Session, alice: User) -> Mailing:
    """A completed mailing with its sums, of which one recipient may still be answered by a lane that is gone."""
    mailing = completed_mailing_of(alice, accepted=1, unknown=1)
    recipients_of(mailing, RecipientState.UNKNOWN)[0].lane = "gone"
    session.commit()
    assert sum_mailing(engine, mailing.id)
    return mailing


@pytest.fixture
def delete_beside(engine: Engine, session: Session) -> Iterator[DeleteBeside]:
    """Delete a mailing in a transaction of its own, while the test goes on; False where a letter is in the way."""

    def delete(mailing_id: int) -> bool:
        with Session(engine) as other:
            begin_writing(other)
            try:
                delete_mailing(other, other.get_one(Mailing, mailing_id))
            except StillSending:
                return False
            other.commit()
            return True

    with ThreadPoolExecutor(1) as threads:
        yield lambda mailing_id: threads.submit(delete, mailing_id)
        # Nobody waits for a test that has failed.
        session.rollback()


def begin_anew(session: Session) -> None:
    """A transaction of the test's own that writes, whatever it has read."""
    session.rollback()
    begin_writing(session)


def answer_late(session: Session, mailing: Mailing) -> None:
    """As a turn of a lane does it: the recipient, and by a trigger the sums."""
    begin_anew(session)
    settle(recipients_of(mailing, RecipientState.UNKNOWN)[0], RecipientState.FAILED)
    session.flush()


def test_a_mailing_stays_while_a_late_answer_is_written_down(
    session: Session, alice: User, summed: Mailing, delete_beside: DeleteBeside, database_kind: str
) -> None:
    answer_late(session, summed)
    deleting = delete_beside(summed.id)
    if database_kind == "sqlite":
        # The only writer comes first.
        with pytest.raises(StillWaiting):
            deleting.result(SECONDS_WATCHED)
    else:
        assert deleting.result(SECONDS_PATIENT) is False
    suppress(
        session, alice.id, "anna@example.org", SuppressionReason.HARD_FAILURE, database_now(session),
        mailing_id=summed.id,
    )
    session.commit()
    assert deleting.result(SECONDS_PATIENT) is (database_kind == "sqlite")


def test_of_many_mailings_only_the_one_stays_that_is_answered(
    engine: Engine, session: Session, alice: User, summed: Mailing, database_kind: str
) -> None:
    session.rollback()
    other = completed_mailing_of(alice)
    ids = [summed.id, other.id]
    session.commit()
    if database_kind == "postgresql":
        answer_late(session, summed)
    with Session(engine) as deleting:
        begin_writing(deleting)
        deleted = delete_mailings(deleting, mailings_of_all())
        deleting.commit()
    assert deleted == (ids[1:] if database_kind == "postgresql" else ids)


def test_whoever_has_a_recipient_and_wants_the_sums_is_waited_for(
    session: Session, summed: Mailing, delete_beside: DeleteBeside
) -> None:
    begin_anew(session)
    session.scalars(select(Recipient.id).where(Recipient.mailing_id == summed.id).with_for_update().limit(1)).one()
    deleting = delete_beside(summed.id)
    with pytest.raises(StillWaiting):
        deleting.result(SECONDS_WATCHED)
    note_change(session, summed.id)
    session.commit()
    assert deleting.result(SECONDS_PATIENT) is True


def test_whoever_writes_the_sums_is_waited_for(
    session: Session, summed: Mailing, delete_beside: DeleteBeside
) -> None:
    begin_anew(session)
    ticket = draw_ticket(session, summed.id)
    assert ticket is not None
    session.commit()
    begin_writing(session)
    hold_ticket(session, summed.id, ticket)
    deleting = delete_beside(summed.id)
    with pytest.raises(StillWaiting):
        deleting.result(SECONDS_WATCHED)
    put_sums(session, summed.id, ticket, QuarterSums, [{"quarter": 1}])
    session.commit()
    assert deleting.result(SECONDS_PATIENT) is True
    assert session.scalars(select(QuarterSums)).all() == []
