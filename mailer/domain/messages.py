"""The rules of messages."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, delete, exists, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import defer

from mailer.domain.clients import contains
from mailer.domain.errors import ChangedMeanwhile, MessageInUse
from mailer.models.mailings import Mailing, MailingStatus
from mailer.models.messages import Message
from mailer.models.statements import changed_rows
from mailer.models.transactions import AnySession

MAX_SUBJECT_LENGTH = 200
# Enough of a body to find a message by; a search through whole books would be slow and of little use.
SEARCHED_BODY_CHARACTERS = 10_000
# What a list shows of a body.
OUTLINE_CHARACTERS = 200


def messages_of(owner_id: int, search: str = "") -> Select[Message]:
    """This owner's messages, those whose subject or body contains `search` in any case."""
    messages = select(Message).where(Message.owner_id == owner_id)
    if search.strip():
        messages = messages.where(contains(Message.search_key, search))
    return messages


def outlines_of(owner_id: int, search: str = "") -> Select[Message, str]:
    """The same messages without their bodies, which may be large; with the beginning of each instead."""
    outlines = messages_of(owner_id, search).options(defer(Message.body), defer(Message.search_key))
    return outlines.add_columns(func.substr(Message.body, 1, OUTLINE_CHARACTERS))


def forbidden_word_in(text: str, forbidden_words: Iterable[str]) -> str | None:
    """The first of the forbidden words that the text contains, in any case and also within a longer word."""
    folded = text.casefold()
    return next((word for word in forbidden_words if word.casefold() in folded), None)


def add_message(session: AnySession, owner_id: int, subject: str, body: str, now: datetime) -> Message:
    """Keep a new message."""
    message = Message(owner_id=owner_id, created_at=now)
    _write(message, subject, body, now)
    session.add(message)
    session.flush()
    return message


def change_message(
    session: AnySession,
    message: Message,
    subject: str,
    body: str,
    now: datetime,
    *,
    seen_at: datetime | None = None,
) -> None:
    """Change a message; booked mailings go out with the new text, started ones keep what they copied.

    `seen_at` is the updated_at of what was changed; without it nothing is compared. Raises ChangedMeanwhile where
    something else was saved after it.
    """
    if seen_at not in (None, message.updated_at) and (message.subject, message.body) != (subject, body):
        raise ChangedMeanwhile
    _write(message, subject, body, now)
    session.execute(
        update(Mailing)
        .where(Mailing.message_id == message.id, Mailing.status == MailingStatus.CREATED)
        .values(search_key=subject.casefold())
    )
    session.flush()


def _write(message: Message, subject: str, body: str, now: datetime) -> None:
    message.subject = subject
    message.subject_key = subject.casefold()[:300]
    message.body = body
    message.search_key = f"{subject}\n{body[:SEARCHED_BODY_CHARACTERS]}".casefold()
    message.updated_at = now


def mailings_of_message(session: AnySession, message: Message) -> dict[MailingStatus, int]:
    """How many mailings of each status were made of this message."""
    counts = session.execute(
        select(Mailing.status, func.count()).where(Mailing.message_id == message.id).group_by(Mailing.status)
    ).all()
    return {status: count for status, count in counts}


@dataclass(frozen=True)
class MessageDependents:
    """What a deletion of messages touches: `needed` of them stay, because booked mailings need them."""

    needed: int
    sent_mailings: int


def dependents_of_messages(session: AnySession, messages: Select[Message]) -> MessageDependents:
    """How many of these messages booked mailings still need, and how many mailings have copied one of them."""
    ids = messages.with_only_columns(Message.id)
    mailings = select(Mailing).where(Mailing.message_id.in_(ids))
    booked = mailings.where(Mailing.status == MailingStatus.CREATED)
    needed = session.scalar(booked.with_only_columns(func.count(Mailing.message_id.distinct())))
    sent = session.scalar(
        mailings.where(Mailing.status != MailingStatus.CREATED).with_only_columns(func.count(Mailing.id))
    )
    return MessageDependents(needed or 0, sent or 0)


def count_messages(session: AnySession, messages: Select[Message]) -> int:
    """How many messages these are."""
    return session.scalar(messages.with_only_columns(func.count(Message.id))) or 0


def delete_messages(session: AnySession, messages: Select[Message]) -> int:
    """Throw messages away, apart from those that booked mailings need; how many are gone.

    Started and completed mailings keep their copies. Raises MessageInUse where a mailing was made of one of them
    at the same moment.
    """
    is_needed = exists().where(Mailing.message_id == Message.id, Mailing.status == MailingStatus.CREATED)
    ids = messages.where(~is_needed).with_only_columns(Message.id)
    try:
        with session.begin_nested():
            gone = session.execute(
                delete(Message).where(Message.id.in_(ids)).execution_options(synchronize_session=False)
            )
    except IntegrityError as error:
        raise MessageInUse(1) from error
    return changed_rows(gone)


def delete_message(session: AnySession, message: Message) -> None:
    """Throw a message away; started and completed mailings keep their copy.

    Raises MessageInUse while a mailing that has not started needs it.
    """
    booked = mailings_of_message(session, message).get(MailingStatus.CREATED, 0)
    if booked:
        raise MessageInUse(booked)
    try:
        with session.begin_nested():
            session.delete(message)
            session.flush()
    except IntegrityError as error:
        # Somebody made a mailing of it between the question and the deletion.
        raise MessageInUse(1) from error
