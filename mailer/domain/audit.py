"""The audit log: one way in, and one way to read it. Nothing here changes or deletes a line, nor would the database."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, exists, func, select

from mailer.domain.clients import contains
from mailer.domain.reports import ALWAYS, Period
from mailer.domain.texts import CONTROL_CHARACTERS_IN_TEXT
from mailer.models.audit import Action, AuditEntry, ThingKind
from mailer.models.clients import Client
from mailer.models.mailings import Mailing
from mailer.models.messages import Message
from mailer.models.transactions import AnySession
from mailer.models.users import User

MOST_EMAIL_CHARACTERS = 320
MOST_PLACE_CHARACTERS = 64
# More than any reason or name of ours has; what a stranger sent shall not fill the log.
MOST_TEXT_CHARACTERS = 2000


@dataclass(frozen=True)
class Actor:
    """Who acts, and from where. Nobody is named where a machine or a shell acts."""

    place: str
    user_id: int | None = None
    email: str = ""


COMMAND_LINE = Actor("command line")
SCHEDULE = Actor("schedule")


@dataclass(frozen=True)
class Thing:
    """What something is done to, where it is not a row of ours: a list, or the mail account."""

    kind: ThingKind
    name: str = ""
    id: int | None = None


AnyThing = User | Mailing | Message | Client | Thing


def record(
    session: AnySession,
    action: Action,
    actor: Actor,
    now: datetime,
    thing: AnyThing | None = None,
    note: str = "",
) -> None:
    """Write down who did what to which thing, in the transaction of the act: both are kept or neither.

    Record a deletion before it is done, while the thing still has its name. Secrets (passwords, links, tokens)
    must not be handed in.
    """
    named = thing_of(session, thing) if thing is not None else None
    email, name, note = _clean(actor.email, MOST_EMAIL_CHARACTERS), _clean(named.name if named else ""), _clean(note)
    place = _clean(actor.place, MOST_PLACE_CHARACTERS)
    session.add(
        AuditEntry(
            happened_at=now,
            actor_id=actor.user_id,
            actor_email=email,
            action=action,
            thing_kind=named.kind if named else None,
            thing_id=named.id if named else None,
            thing_name=name,
            note=note,
            place=place,
            search_key="\n".join((email, name, note, place)).casefold(),
        )
    )
    session.flush()


def thing_of(session: AnySession, thing: AnyThing) -> Thing:
    """How a row of ours is named in the log."""
    match thing:
        case User():
            return Thing(ThingKind.USER, thing.email, thing.id)
        case Mailing():
            return Thing(ThingKind.MAILING, _name_of_mailing(session, thing.id), thing.id)
        case Message():
            return Thing(ThingKind.MESSAGE, thing.subject, thing.id)
        case Client():
            return Thing(ThingKind.CLIENT, thing.email, thing.id)
    return thing


def _name_of_mailing(session: AnySession, mailing_id: int) -> str:
    # Asked for anew: whoever holds the mailing may not have loaded its message.
    subject = (
        select(func.coalesce(Mailing.subject, Message.subject))
        .outerjoin(Message, Message.id == Mailing.message_id)
        .where(Mailing.id == mailing_id)
    )
    return session.scalar(subject) or ""


def is_recorded(session: AnySession, action: Action, thing: AnyThing) -> bool:
    """Whether this has been done to this thing before."""
    named = thing_of(session, thing)
    found = exists().where(
        AuditEntry.thing_kind == named.kind, AuditEntry.thing_id == named.id, AuditEntry.action == action
    )
    return bool(session.scalar(select(found)))


@dataclass(frozen=True)
class AuditFilter:
    """Which lines are looked for; what is empty does not matter."""

    search: str = ""
    action: Action | None = None
    thing_kind: ThingKind | None = None
    thing_id: int | None = None
    period: Period = ALWAYS


def audit_entries(wanted: AuditFilter) -> Select[AuditEntry]:
    """The lines that fit; `search` looks through person, thing, note and place, in any case."""
    entries = select(AuditEntry)
    if wanted.search.strip():
        entries = entries.where(contains(AuditEntry.search_key, wanted.search))
    if wanted.action is not None:
        entries = entries.where(AuditEntry.action == wanted.action)
    if wanted.thing_kind is not None:
        entries = entries.where(AuditEntry.thing_kind == wanted.thing_kind)
    if wanted.thing_id is not None:
        entries = entries.where(AuditEntry.thing_id == wanted.thing_id)
    if wanted.period.begins_at is not None:
        entries = entries.where(AuditEntry.happened_at >= wanted.period.begins_at)
    if wanted.period.ends_at is not None:
        entries = entries.where(AuditEntry.happened_at < wanted.period.ends_at)
    return entries


def _clean(text: str, most: int = MOST_TEXT_CHARACTERS) -> str:
    """A text that every database takes: strangers type anything, a NUL among it."""
    return CONTROL_CHARACTERS_IN_TEXT.sub("�", text)[:most]
