from datetime import datetime

import pytest
from sqlalchemy.orm import Session

from mailer.domain.booking import mailings_of
from mailer.domain.errors import MessageInUse
from mailer.domain.messages import change_message, delete_message, mailings_of_message, messages_of
from mailer.models.mailings import Mailing, MailingStatus
from mailer.models.messages import Message
from mailer.models.users import User
from tests.support.factories import completed_mailing_of, mailing_of, message_of, started_mailing_of


def test_a_search_finds_subject_and_body_in_any_case(session: Session, alice: User, bob: User) -> None:
    first = message_of(alice, "Распродажа", "Всё за полцены")
    second = message_of(alice, "Other", "100% wool")
    message_of(bob, "Распродажа")
    assert session.scalars(messages_of(alice.id, "РАСПРОДАЖА")).all() == [first]
    assert session.scalars(messages_of(alice.id, "полЦены")).all() == [first]
    assert session.scalars(messages_of(alice.id, "100%")).all() == [second]
    assert session.scalars(messages_of(alice.id, "0%0")).all() == []


def test_a_changed_subject_is_the_name_of_booked_mailings_and_not_of_started_ones(
    session: Session, alice: User, now: datetime
) -> None:
    message = message_of(alice, "Old subject")
    booked, started = mailing_of(alice, message=message), started_mailing_of(alice, message=message)
    change_message(session, message, "New subject", "New body", now)
    session.expire_all()
    names = {mailing.id: mailing.name for mailing in session.scalars(mailings_of(alice.id))}
    assert names == {booked.id: "New subject", started.id: "Old subject"}
    assert [mailing.id for mailing in session.scalars(mailings_of(alice.id, "new"))] == [booked.id]
    assert started.body != "New body"


def test_a_message_that_a_booked_mailing_needs_cannot_be_deleted(session: Session, alice: User) -> None:
    message = message_of(alice)
    mailing_of(alice, message=message)
    mailing_of(alice, message=message)
    with pytest.raises(MessageInUse) as refusal:
        delete_message(session, message)
    assert refusal.value.mailing_count == 2
    assert session.get(Message, message.id) is message


def test_a_deleted_message_leaves_started_and_completed_mailings_their_copy(session: Session, alice: User) -> None:
    message = message_of(alice, "The subject", "The body")
    mailings = [started_mailing_of(alice, message=message), completed_mailing_of(alice, message=message)]
    assert mailings_of_message(session, message) == {MailingStatus.STARTED: 1, MailingStatus.COMPLETED: 1}
    delete_message(session, message)
    session.commit()
    for mailing in mailings:
        assert (mailing.name, mailing.body, mailing.message_id) == ("The subject", "The body", None)


def test_the_database_itself_keeps_the_message_of_a_booked_mailing(session: Session, alice: User) -> None:
    mailing = mailing_of(alice)
    message_id = mailing.message_id
    session.commit()
    assert message_id is not None
    message = session.get_one(Message, message_id)
    # As when a mailing is made of the message right after it was found unused.
    session.delete(message)
    with pytest.raises(Exception, match="message_until_start|CHECK constraint failed"):
        session.flush()
    session.rollback()
    assert session.get_one(Mailing, mailing.id).message_id == message_id
