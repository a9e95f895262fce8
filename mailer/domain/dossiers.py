"""Everything that one owner has about one address, as data that can be written down."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from mailer.domain.addresses import address_key
from mailer.domain.chosen_ids import these_ids
from mailer.domain.clients import client_with_email
from mailer.domain.erased import is_erased
from mailer.domain.erasing import IN_FLIGHT, entries_naming
from mailer.domain.letters_by_address import went_to
from mailer.domain.stories import suppressions_of_address
from mailer.models.clients import Client, Suppression
from mailer.models.mailings import Attempt, Mailing, MailingStatus, Recipient, SelectedClient
from mailer.models.transactions import AnySession

Data = dict[str, Any]


@dataclass(frozen=True)
class Traces:
    """In how much of what an owner has an address occurs; `in_flight` letters are being handed over now."""

    client: Client | None
    letters: int
    in_flight: int
    suppressions: int
    is_erased: bool

    @property
    def are_none(self) -> bool:
        return self.client is None and not self.letters and not self.suppressions


def traces_of(session: AnySession, owner_id: int, email: str) -> Traces:
    """Where an address of this owner occurs, counted."""
    key = address_key(email)
    letters = (
        select(func.count(), func.count().filter(Recipient.state.in_(IN_FLIGHT)))
        .select_from(Recipient)
        .where(went_to(owner_id, key))
    )
    count, in_flight = session.execute(letters).one()
    entries = select(func.count(Suppression.id)).where(Suppression.owner_id == owner_id, Suppression.email_key == key)
    return Traces(
        client=client_with_email(session, owner_id, email),
        letters=count,
        in_flight=in_flight,
        suppressions=session.scalar(entries) or 0,
        is_erased=is_erased(session, owner_id, email),
    )


def dossier_of(session: AnySession, owner_id: int, email: str, now: datetime) -> Data:
    """All rows about an address, in names that speak for themselves; times are UTC (RFC 3339)."""
    key = address_key(email)
    client = client_with_email(session, owner_id, email)
    return {
        "address": email,
        "exported_at": now.isoformat(),
        "client": None if client is None else _client(session, client),
        "suppressions": [_suppression(entry) for entry in session.scalars(suppressions_of_address(owner_id, key))],
        "letters": _letters(session, owner_id, key),
        "audit_log": [
            {"at": entry.happened_at.isoformat(), "action": entry.action, "of": entry.thing_name, "note": entry.note}
            for entry in session.scalars(entries_naming(owner_id, email, key))
        ],
        "is_erased": is_erased(session, owner_id, email),
    }


def _client(session: AnySession, client: Client) -> Data:
    chosen_for = (
        select(Mailing.id)
        .join(SelectedClient, SelectedClient.mailing_id == Mailing.id)
        .where(SelectedClient.client_id == client.id, Mailing.status == MailingStatus.CREATED)
    )
    return {
        "email": client.email,
        "full_name": client.full_name,
        "comment": client.comment,
        "created_at": client.created_at.isoformat(),
        "updated_at": client.updated_at.isoformat(),
        "chosen_for_mailings": list(session.scalars(chosen_for.order_by(Mailing.id))),
    }


def _suppression(entry: Suppression) -> Data:
    return {
        "reason": entry.reason,
        "mailing_id": entry.mailing_id,
        "created_at": entry.created_at.isoformat(),
        "lifted_at": entry.lifted_at.isoformat() if entry.lifted_at else None,
        "lift_reason": entry.lift_reason,
    }


def _letters(session: AnySession, owner_id: int, key: str) -> list[Data]:
    rows = session.execute(
        select(Recipient, Mailing.subject)
        .join(Mailing, Mailing.id == Recipient.mailing_id)
        .where(went_to(owner_id, key))
        .order_by(Recipient.id)
    ).all()
    attempts = _attempts(session, [recipient.id for recipient, _subject in rows])
    return [
        {
            "mailing_id": recipient.mailing_id,
            "subject": subject,
            "email": recipient.email,
            "full_name": recipient.full_name,
            "state": recipient.state,
            "changed_at": recipient.changed_at.isoformat(),
            "attempts": attempts[recipient.id],
        }
        for recipient, subject in rows
    ]


def _attempts(session: AnySession, recipient_ids: Sequence[int]) -> dict[int, list[Data]]:
    found = select(Attempt).where(Attempt.recipient_id.in_(these_ids(session, recipient_ids))).order_by(Attempt.id)
    attempts: dict[int, list[Data]] = defaultdict(list)
    for attempt in session.scalars(found):
        attempts[attempt.recipient_id].append(
            {
                "at": attempt.attempted_at.isoformat(),
                "status": attempt.status,
                "verdict": attempt.verdict,
                "code": attempt.code,
                "reply": attempt.reply,
                "message_id": attempt.letter_id,
            }
        )
    return attempts
