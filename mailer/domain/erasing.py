"""Erasing one address of one owner: it goes from everywhere, and the figures stay what they were."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, String, case, cast, delete, literal, or_, select, update
from sqlalchemy.exc import OperationalError

from mailer.domain.addresses import address_key
from mailer.domain.chosen_ids import these_ids
from mailer.domain.clients import clients_of, contains, delete_clients
from mailer.domain.erased import ERASED_DOMAIN, remember_erased
from mailer.domain.errors import StillSending
from mailer.domain.gone_attempts import note_change
from mailer.domain.letters_by_address import went_to
from mailer.models.audit import AuditEntry, ThingKind
from mailer.models.clients import Client, FormerAddress, Suppression
from mailer.models.lanes import Hold
from mailer.models.mailings import Attempt, Mailing, MailingStatus, Recipient, RecipientState
from mailer.models.statements import is_lock_taken
from mailer.models.transactions import AnySession
from mailer.models.users import User

# What stands in the audit log where an address was; its trigger lets nothing else be changed.
MARK = "[erased]"
# A shorter local part is a word that stands in replies for other reasons.
SHORTEST_NAME = 4

IN_FLIGHT = (RecipientState.CLAIMED, RecipientState.BEGUN)


@dataclass(frozen=True)
class Erased:
    """How much named the address: clients on file, letters, suppressions, and lines of the audit log."""

    clients: int = 0
    letters: int = 0
    suppressions: int = 0
    entries: int = 0

    def __add__(self, other: "Erased") -> "Erased":
        return Erased(
            self.clients + other.clients,
            self.letters + other.letters,
            self.suppressions + other.suppressions,
            self.entries + other.entries,
        )


def erase_address(session: AnySession, owner_id: int, email: str, now: datetime) -> Erased:
    """Erase an address from all that this owner has, and never let it come on file again; what it was found in.

    The client goes. Recipients keep their state, and attempts their times, codes and Message-IDs, so that books and
    sums stay as they are; a letter that has not begun becomes `suppressed`. Raises StillSending while one is being
    handed over: its answer would bring the address back. The caller commits, or rolls back.
    """
    # Whoever puts an address on file shares this lock (see mailer.domain.erased), and so do mailings that start: what
    # those are writing is seen once they have committed.
    session.execute(select(User.id).where(User.id == owner_id).with_for_update())
    key = address_key(email)
    remember_erased(session, owner_id, key, now)
    letters = _letters(session, owner_id, key)
    if any(state in IN_FLIGHT for _id, _mailing_id, state in letters):
        raise StillSending
    without = eraser(email, key)
    deleted = delete_clients(session, clients_of(owner_id).where(Client.email_key == key), now)
    ids = [recipient_id for recipient_id, _mailing_id, _state in letters]
    _erase_recipients(session, ids, now)
    _rewrite(session, Attempt, "reply", without, Attempt.recipient_id.in_(these_ids(session, ids)))
    _erase_from_holds(session, owner_id, without)
    for mailing_id in _completed(session, {mailing_id for _id, mailing_id, _state in letters}):
        note_change(session, mailing_id)
    was_here = (FormerAddress.owner_id == owner_id, FormerAddress.email_key == key)
    session.execute(delete(FormerAddress).where(*was_here).execution_options(synchronize_session=False))
    suppressions = _erase_suppressions(session, owner_id, key)
    entries = _erase_from_audit_log(session, owner_id, email, key)
    return Erased(deleted, len(ids), suppressions, entries)


def eraser(email: str, key: str) -> Callable[[str], str]:
    """What takes an address out of a server's words: in each spelling, and its local part where that stands alone."""
    name, _at, domain = key.rpartition("@")
    spellings = {email, key, f"{name}@{email.rpartition('@')[2]}", f"{name}=40{domain}", f"{name}%40{domain}"}
    words = [re.escape(spelling) for spelling in sorted(spellings, key=len, reverse=True)]
    if len(name) >= SHORTEST_NAME:
        words.append(re.escape(name))
    # Part of a longer word it is somebody else's.
    pattern = re.compile(rf"(?<![\w.@+-])(?:{'|'.join(words)})(?![\w+-])", re.IGNORECASE)
    return lambda text: pattern.sub("<>", text)


def _letters(session: AnySession, owner_id: int, key: str) -> Sequence[tuple[int, int, RecipientState]]:
    of_owner = (
        select(Recipient.id, Recipient.mailing_id, Recipient.state)
        .where(went_to(owner_id, key))
        # No lane can take a recipient who is locked, so whoever is not in flight now will not be. A lane that holds one
        # is not waited for: it may be about to write a suppression, which waits for us.
        .with_for_update(of=Recipient, nowait=True)
    )
    try:
        return [(id_, mailing_id, state) for id_, mailing_id, state in session.execute(of_owner)]
    except OperationalError as error:
        if is_lock_taken(error):
            raise StillSending from error
        raise


def _erase_recipients(session: AnySession, ids: Sequence[int], now: datetime) -> None:
    placeholder = _placeholder(Recipient.id)
    is_pending = Recipient.state == RecipientState.PENDING
    session.execute(
        update(Recipient)
        .where(Recipient.id.in_(these_ids(session, ids)))
        .values(
            email=placeholder,
            email_key=placeholder,
            full_name="",
            client_id=None,
            # A late answer to one that is unknown would have the address in it.
            lane=None,
            state=case((is_pending, literal(RecipientState.SUPPRESSED, Recipient.state.type)), else_=Recipient.state),
            next_attempt_at=None,
            changed_at=case((is_pending, literal(now, Recipient.changed_at.type)), else_=Recipient.changed_at),
        )
        .execution_options(synchronize_session=False)
    )


def _placeholder(id_column: Any) -> Any:
    return literal("erased-") + cast(id_column, String) + literal(f"@{ERASED_DOMAIN}")


def _rewrite(session: AnySession, table: Any, column: str, change: Callable[[str], str], *which: Any) -> None:
    rows = session.execute(select(table.id, getattr(table, column)).where(*which)).all()
    changed = [{"id": id_, column: change(text)} for id_, text in rows if change(text) != text]
    if changed:
        session.execute(update(table), changed)


def _erase_from_holds(session: AnySession, owner_id: int, without: Callable[[str], str]) -> None:
    """A hold on the account tells the reply that caused it, whosever letter that was."""
    own = select(Mailing.id).where(Mailing.owner_id == owner_id)
    _rewrite(
        session, Hold, "reason", without, or_(Hold.mailing_id.is_(None), Hold.mailing_id.in_(own)), Hold.reason != ""
    )


def _completed(session: AnySession, mailing_ids: set[int]) -> list[int]:
    completed = select(Mailing.id).where(
        Mailing.id.in_(these_ids(session, mailing_ids)), Mailing.status == MailingStatus.COMPLETED
    )
    return list(session.scalars(completed.order_by(Mailing.id)))


def _erase_suppressions(session: AnySession, owner_id: int, key: str) -> int:
    """They stay as rows, because those who unsubscribed by a mailing are counted."""
    of_address = (Suppression.owner_id == owner_id, Suppression.email_key == key)
    ids = list(session.scalars(select(Suppression.id).where(*of_address)))
    placeholder = _placeholder(Suppression.id)
    session.execute(
        update(Suppression)
        .where(Suppression.id.in_(these_ids(session, ids)))
        .values(email=placeholder, email_key=placeholder)
        .execution_options(synchronize_session=False)
    )
    return len(ids)


def entries_naming(owner_id: int, email: str, key: str) -> Select[AuditEntry]:
    """The lines of the audit log in which this owner, or a machine, did something to the address.

    What an account does or what is done to it stays, even if it has the same address.
    """
    named = or_(contains(AuditEntry.search_key, email), contains(AuditEntry.search_key, key))
    by_owner = or_(AuditEntry.actor_id == owner_id, AuditEntry.actor_id.is_(None))
    about_account = AuditEntry.thing_kind.is_(None) | (AuditEntry.thing_kind == ThingKind.USER)
    return select(AuditEntry).where(by_owner, named, ~about_account).order_by(AuditEntry.id)


def _erase_from_audit_log(session: AnySession, owner_id: int, email: str, key: str) -> int:
    pattern = re.compile(f"{re.escape(email)}|{re.escape(key)}", re.IGNORECASE)
    changed = []
    for entry in session.scalars(entries_naming(owner_id, email, key)):
        name, note = pattern.sub(MARK, entry.thing_name), pattern.sub(MARK, entry.note)
        if (name, note) == (entry.thing_name, entry.note):
            # Only who acted has the address, and that is an account's.
            continue
        search_key = "\n".join((entry.actor_email, name, note, entry.place)).casefold()
        changed.append({"id": entry.id, "thing_name": name, "note": note, "search_key": search_key})
    if changed:
        session.expire_all()
        session.execute(update(AuditEntry), changed)
    return len(changed)
