"""The figures of the home page: those of one owner, or everybody's."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, load_only

from mailer.domain.holds import active_holds
from mailer.domain.messages import messages_of
from mailer.models.clients import Client, Suppression
from mailer.models.lanes import Hold
from mailer.models.mailings import Mailing, MailingStatus
from mailer.models.messages import Message
from mailer.models.transactions import AnySession


@dataclass(frozen=True)
class Figures:
    """What there is besides clients, of whom only the ids of those are told who came last."""

    created: int
    started: int
    completed: int
    held: int
    messages: int
    latest_client: int | None
    latest_suppression: int | None

    @property
    def mailings(self) -> int:
        return self.created + self.started + self.completed


@dataclass(frozen=True)
class ClientFigures:
    """How many clients there are, and how many of them must not be written to.

    They are unique, because each of an owner's has an address of its own.
    """

    clients: int
    suppressed: int


def figures_of(session: AnySession, owner_id: int | None, now: datetime) -> Figures:
    """What there is besides clients in one query, everybody's if there is no owner.

    `held` are the started mailings that a hold of their own stops. The latest suppression is everybody's.
    """
    is_held = exists(
        active_holds(now).where(Hold.mailing_id == Mailing.id).with_only_columns(Hold.id).correlate(Mailing)
    )
    counts = (
        _count(Mailing.id, *_of(owner_id, Mailing.owner_id), Mailing.status == MailingStatus.CREATED),
        _count(Mailing.id, *_of(owner_id, Mailing.owner_id), Mailing.status == MailingStatus.STARTED),
        _count(Mailing.id, *_of(owner_id, Mailing.owner_id), Mailing.status == MailingStatus.COMPLETED),
        _count(Mailing.id, *_of(owner_id, Mailing.owner_id), Mailing.status == MailingStatus.STARTED, is_held),
        _count(Message.id, *_of(owner_id, Message.owner_id)),
        select(func.max(Client.id)).where(*_of(owner_id, Client.owner_id)),
        select(func.max(Suppression.id)),
    )
    return Figures(*session.execute(select(*(count.scalar_subquery() for count in counts))).one())


def client_figures_of(session: AnySession, owner_id: int | None) -> ClientFigures:
    """How many clients there are, everybody's if there is no owner. A million of them take tenths of a second."""
    counts = _count(Client.id, *_of(owner_id, Client.owner_id)), _count_suppressed(owner_id)
    return ClientFigures(*session.execute(select(*(count.scalar_subquery() for count in counts))).one())


def _of(owner_id: int | None, column: InstrumentedAttribute[int]) -> tuple[ColumnElement[bool], ...]:
    return () if owner_id is None else (column == owner_id,)


def _count_suppressed(owner_id: int | None) -> Select[int]:
    """Of the suppressions, which are few, those that are about a client on file: the clients may be a million."""
    said_no = select(Suppression.owner_id, Suppression.email_key).where(Suppression.lifted_at.is_(None))
    those = said_no.where(*_of(owner_id, Suppression.owner_id)).distinct().subquery()
    is_client = (Client.owner_id == those.c.owner_id) & (Client.email_key == those.c.email_key)
    return select(func.count()).select_from(those).join(Client, is_client)


def _count(column: InstrumentedAttribute[int], *conditions: ColumnElement[bool]) -> Select[int]:
    return select(func.count(column)).where(*conditions)


def latest_mailings(
    session: AnySession, mailings: Select[Mailing], limits: dict[MailingStatus, int]
) -> list[Mailing]:
    """The latest of these mailings of each status, so many of each, newest first; the booked ones by their start."""
    latest = []
    for status, limit in limits.items():
        order = Mailing.start_time if status is MailingStatus.CREATED else Mailing.id.desc()
        ids = mailings.where(Mailing.status == status).order_by(order).limit(limit)
        latest.append(Mailing.id.in_(select(ids.with_only_columns(Mailing.id).subquery().c.id)))
    return list(session.scalars(mailings.where(or_(*latest)).order_by(Mailing.id.desc())))


def unused_message(session: AnySession, owner_id: int) -> Message | None:
    """The latest message of which no mailing has been made."""
    is_used = exists().where(Mailing.message_id == Message.id)
    unused = messages_of(owner_id).where(~is_used).order_by(Message.id.desc()).limit(1)
    # Its text may be megabytes long, and only its subject is shown.
    return session.scalar(unused.options(load_only(Message.subject, Message.created_at)))
