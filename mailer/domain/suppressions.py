"""Who must not be written to, whose word that is, and how it is taken back."""

from datetime import datetime

from sqlalchemy import ColumnElement, Select, case, exists, func, literal, select, update
from sqlalchemy.orm import with_expression

from mailer.domain.addresses import address_key
from mailer.domain.clients import contains
from mailer.domain.erased import erased_among
from mailer.domain.errors import NotYoursToLift
from mailer.models.clients import Client, Suppression, SuppressionReason
from mailer.models.mailings import Mailing, Recipient, RecipientState
from mailer.models.statements import insert_into
from mailer.models.transactions import AnySession

MAX_LIFT_REASON_LENGTH = 500

# What an owner has said, an owner may take back. What the person or the mail server has said, nobody else may.
OWNERS_REASONS = (SuppressionReason.BY_HAND, SuppressionReason.DELETED)

# Where an address has several reasons, the first of these is the one to tell.
IN_ORDER_OF_WEIGHT = (
    SuppressionReason.COMPLAINT,
    SuppressionReason.UNSUBSCRIBED,
    SuppressionReason.HARD_FAILURE,
    SuppressionReason.DELETED,
    SuppressionReason.BY_HAND,
)


def suppressions_of(owner_id: int, search: str = "", *, is_lifted: bool = False) -> Select[Suppression]:
    """This owner's entries in force, or those that were lifted, whose address contains `search` in any case."""
    wanted = Suppression.lifted_at.is_not(None) if is_lifted else Suppression.lifted_at.is_(None)
    entries = select(Suppression).where(Suppression.owner_id == owner_id, wanted)
    if search.strip():
        # The key has the domain in ASCII; a person may look for it in Cyrillic too.
        as_shown = Suppression.email.contains(search.strip().casefold(), autoescape=True)
        entries = entries.where(contains(Suppression.email_key, search) | as_shown)
    return entries


def is_suppressed_client() -> ColumnElement[bool]:
    """Whether the client of an enclosing select must not be written to."""
    return exists().where(
        Suppression.owner_id == Client.owner_id,
        Suppression.email_key == Client.email_key,
        Suppression.lifted_at.is_(None),
    )


def is_suppressed_recipient(owner_id: int) -> ColumnElement[bool]:
    """Whether the recipient of an enclosing statement, in a mailing of this owner, must not be written to."""
    return exists().where(
        Suppression.owner_id == owner_id,
        Suppression.email_key == Recipient.email_key,
        Suppression.lifted_at.is_(None),
    )


def suppressed_since(session: AnySession, mailing: Mailing) -> dict[RecipientState, int]:
    """By state, how many recipients of a mailing must not be written to any more, whatever they were then."""
    rows = session.execute(
        select(Recipient.state, func.count())
        .where(Recipient.mailing_id == mailing.id, is_suppressed_recipient(mailing.owner_id))
        .group_by(Recipient.state)
    ).all()
    return {state: count for state, count in rows}


def main_reason() -> ColumnElement[int]:
    """The place in IN_ORDER_OF_WEIGHT of the weightiest reason among the suppressions of a group."""
    return func.min(_place_in_order())


def _place_in_order() -> ColumnElement[int]:
    return case({reason: place for place, reason in enumerate(IN_ORDER_OF_WEIGHT)}, value=Suppression.reason)


def with_suppressions(clients: Select[Client]) -> Select[Client]:
    """The same clients, each with `suppression`: the weightiest reason why nobody may write there, None without one."""
    in_force = select(Suppression.reason).where(
        Suppression.owner_id == Client.owner_id,
        Suppression.email_key == Client.email_key,
        Suppression.lifted_at.is_(None),
    )
    weightiest = in_force.order_by(_place_in_order()).limit(1).correlate(Client).scalar_subquery()
    return clients.options(with_expression(Client.suppression, weightiest))


def suppress(
    session: AnySession,
    owner_id: int,
    email: str,
    reason: SuppressionReason,
    now: datetime,
    mailing_id: int | None = None,
) -> bool:
    """Let this owner write to the address no more, from the next begin on; False if it is so already for this reason.

    One that was erased is not written to anyway, and must not come into the list by its name. Running
    mailings learn of it at the begin of each letter (see mailer.delivery.claims).
    """
    if erased_among(session, owner_id, [address_key(email)]):
        return False
    row = insert_into(session, Suppression).values(
        owner_id=owner_id,
        email=email,
        email_key=address_key(email),
        reason=reason,
        mailing_id=mailing_id,
        created_at=now,
        lift_reason="",
    )
    inserted = session.execute(row.on_conflict_do_nothing().returning(Suppression.id))
    return inserted.first() is not None


def suppress_clients(session: AnySession, clients: Select[Client], reason: SuppressionReason, now: datetime) -> None:
    """Let their owners write to these clients no more, by one statement; those who are it already stay as they are."""
    rows = clients.with_only_columns(
        Client.owner_id,
        Client.email,
        Client.email_key,
        literal(reason.value),
        literal(now, Suppression.created_at.type),
        literal(""),
    )
    columns = ["owner_id", "email", "email_key", "reason", "created_at", "lift_reason"]
    written = insert_into(session, Suppression).from_select(columns, rows, include_defaults=False)
    session.execute(written.on_conflict_do_nothing())


def is_suppressed(session: AnySession, owner_id: int, email: str) -> bool:
    """Whether this owner must not write to the address, for whatever reason."""
    found = suppressions_of(owner_id).where(Suppression.email_key == address_key(email)).limit(1)
    return session.scalar(found.with_only_columns(Suppression.id)) is not None


def lift(session: AnySession, suppression: Suppression, reason: str, now: datetime) -> bool:
    """The owner's word that this entry was wrong, with the reason, which is kept; False if it is lifted already.

    Raises NotYoursToLift for an entry that is not the owner's own.
    """
    if suppression.reason not in OWNERS_REASONS:
        raise NotYoursToLift
    lifted = session.execute(
        update(Suppression)
        .where(Suppression.id == suppression.id, Suppression.lifted_at.is_(None))
        .values(lifted_at=now, lift_reason=reason)
        .returning(Suppression.id)
    )
    return lifted.first() is not None
