"""The figures of the home page, each query over one owner's rows."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, load_only

from mailer.domain.booking import mailings_of
from mailer.domain.holds import active_holds
from mailer.domain.messages import messages_of
from mailer.domain.suppressions import is_suppressed_client
from mailer.models.clients import Client
from mailer.models.lanes import Hold
from mailer.models.mailings import Mailing, MailingStatus
from mailer.models.messages import Message
from mailer.models.transactions import AnySession


@dataclass(frozen=True)
class Figures:
    """What one owner has; clients are unique, because each has an address of its own."""

    created: int
    started: int
    completed: int
    held: int
    clients: int
    suppressed_clients: int
    messages: int

    @property
    def mailings(self) -> int:
        return self.created + self.started + self.completed


def figures_of(session: AnySession, owner_id: int, now: datetime) -> Figures:
    """All the figures in one query; `held` are the started mailings that a hold of their own stops."""
    is_held = exists(
        active_holds(now).where(Hold.mailing_id == Mailing.id).with_only_columns(Hold.id).correlate(Mailing)
    )
    counts = (
        _count(Mailing.id, Mailing.owner_id == owner_id, Mailing.status == MailingStatus.CREATED),
        _count(Mailing.id, Mailing.owner_id == owner_id, Mailing.status == MailingStatus.STARTED),
        _count(Mailing.id, Mailing.owner_id == owner_id, Mailing.status == MailingStatus.COMPLETED),
        _count(Mailing.id, Mailing.owner_id == owner_id, Mailing.status == MailingStatus.STARTED, is_held),
        _count(Client.id, Client.owner_id == owner_id),
        _count(Client.id, Client.owner_id == owner_id, is_suppressed_client()),
        _count(Message.id, Message.owner_id == owner_id),
    )
    return Figures(*session.execute(select(*(count.scalar_subquery() for count in counts))).one())


def _count(column: InstrumentedAttribute[int], *conditions: ColumnElement[bool]) -> Select[int]:
    return select(func.count(column)).where(*conditions)


def latest_mailings(session: AnySession, owner_id: int, limits: dict[MailingStatus, int]) -> list[Mailing]:
    """The latest mailings of each status, so many of each, newest first; the booked ones by their start."""
    latest = []
    for status, limit in limits.items():
        order = Mailing.start_time if status is MailingStatus.CREATED else Mailing.id.desc()
        ids = mailings_of(owner_id).where(Mailing.status == status).order_by(order).limit(limit)
        latest.append(Mailing.id.in_(select(ids.with_only_columns(Mailing.id).subquery().c.id)))
    return list(session.scalars(mailings_of(owner_id).where(or_(*latest)).order_by(Mailing.id.desc())))


def unused_message(session: AnySession, owner_id: int) -> Message | None:
    """The latest message of which no mailing has been made."""
    is_used = exists().where(Mailing.message_id == Message.id)
    unused = messages_of(owner_id).where(~is_used).order_by(Message.id.desc()).limit(1)
    # Its text may be megabytes long, and only its subject is shown.
    return session.scalar(unused.options(load_only(Message.subject, Message.created_at)))
