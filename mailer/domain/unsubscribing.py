"""What a person says by the link in a letter: no more of these, or yes again after all."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, select, update
from sqlalchemy.orm import with_expression

from mailer.domain.addresses import address_key
from mailer.domain.erased import is_erased
from mailer.domain.suppressions import suppress, suppressions_of
from mailer.domain.unsubscribe_links import Addressee, unsubscribe_links
from mailer.models.clients import Suppression, SuppressionReason
from mailer.models.mailings import Mailing, Recipient
from mailer.models.transactions import AnySession
from mailer.models.users import User


@dataclass(frozen=True)
class Reader:
    """Who holds a link: the address, the owner who writes to it, and whether that is over."""

    addressee: Addressee
    owner: User
    mailing_id: int | None
    is_unsubscribed: bool


def reader_of(session: AnySession, token: str) -> Reader | None:
    """Whoever holds this token; None for a forged one, after the same work.

    The mailing is known only as long as it exists: ids may come again on SQLite, so the address has to agree too.
    """
    addressee = unsubscribe_links(session).read(token)
    key = address_key(addressee.email)
    owner = session.get(User, addressee.owner_id)
    mailing_id = session.scalar(
        select(Mailing.id)
        .join(Recipient, Recipient.mailing_id == Mailing.id)
        .where(
            Recipient.id == addressee.recipient_id,
            Recipient.email_key == key,
            Mailing.owner_id == addressee.owner_id,
        )
    )
    unsubscribed = suppressions_of(addressee.owner_id).where(
        Suppression.email_key == key, Suppression.reason == SuppressionReason.UNSUBSCRIBED
    )
    is_unsubscribed = session.scalar(unsubscribed.with_only_columns(Suppression.id)) is not None
    if owner is not None and not is_unsubscribed:
        # Whoever was erased hears from nobody here.
        is_unsubscribed = is_erased(session, owner.id, addressee.email)
    return None if owner is None else Reader(addressee, owner, mailing_id, is_unsubscribed)


def with_unsubscribed(mailings: Select[Mailing]) -> Select[Mailing]:
    """The same mailings, each with `unsubscribed`: how many readers have said no by its letters, and stand by it."""
    count = select(func.count(Suppression.id)).where(Suppression.mailing_id == Mailing.id, *_in_force())
    return mailings.options(with_expression(Mailing.unsubscribed, count.correlate(Mailing).scalar_subquery()))


def unsubscribed_of_each(session: AnySession, mailing_ids: Collection[int]) -> dict[int, int]:
    """How many readers have said no by the letters of each of these mailings; those of whom nobody has are missing."""
    counts = select(Suppression.mailing_id, func.count(Suppression.id)).group_by(Suppression.mailing_id)
    rows = session.execute(counts.where(Suppression.mailing_id.in_(mailing_ids), *_in_force()))
    return {mailing_id: count for mailing_id, count in rows if mailing_id is not None}


def count_unsubscribed(session: AnySession, mailings: Select[Mailing]) -> int:
    """How many readers have said no by the letters of these mailings, and stand by it."""
    ids = mailings.with_only_columns(Mailing.id)
    return session.scalar(select(func.count(Suppression.id)).where(Suppression.mailing_id.in_(ids), *_in_force())) or 0


def _in_force() -> tuple[ColumnElement[bool], ...]:
    return Suppression.reason == SuppressionReason.UNSUBSCRIBED, Suppression.lifted_at.is_(None)


def unsubscribe(session: AnySession, reader: Reader, now: datetime) -> None:
    """No more letters from this owner, from the next begin on, in every mailing; a second time changes nothing."""
    addressee = reader.addressee
    suppress(
        session, addressee.owner_id, addressee.email, SuppressionReason.UNSUBSCRIBED, now, mailing_id=reader.mailing_id
    )


def take_back(session: AnySession, reader: Reader, now: datetime) -> None:
    """Letters again after all. What the owner or the mail server has said about the address still holds."""
    session.execute(
        update(Suppression)
        .where(
            Suppression.owner_id == reader.addressee.owner_id,
            Suppression.email_key == address_key(reader.addressee.email),
            Suppression.reason == SuppressionReason.UNSUBSCRIBED,
            Suppression.lifted_at.is_(None),
        )
        .values(lifted_at=now)
        .execution_options(synchronize_session=False)
    )
