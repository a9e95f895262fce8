"""The rules of mailings from their start to their completion. Each change of status has one winner."""

import enum
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Select, Update, case, exists, func, insert, literal, or_, select, update

from mailer.domain.accounts import require_unblocked
from mailer.domain.booking import audience_of, count_audience
from mailer.domain.books import books_of
from mailer.domain.clock import clock
from mailer.domain.confirmation import owner_may_start, require_confirmed
from mailer.domain.erased import is_erased_recipient
from mailer.domain.errors import (
    AlreadyStarted,
    EmptyAudience,
    MailingHeld,
    NotCompleted,
    NothingToResend,
    NotStarted,
    WindowOver,
)
from mailer.domain.holds import active_holds, holds_on_mailing, lift_hold, resume_mailing
from mailer.domain.on_file import keep_clients_on_file
from mailer.domain.suppressions import is_suppressed_client, is_suppressed_recipient
from mailer.models.clients import Client
from mailer.models.lanes import Hold, HoldKind
from mailer.models.mailings import Mailing, MailingRound, MailingStatus, Recipient, RecipientState
from mailer.models.messages import Message
from mailer.models.statements import changed_rows
from mailer.models.transactions import AnySession
from mailer.models.users import User

UNSETTLED = (RecipientState.PENDING, RecipientState.CLAIMED, RecipientState.BEGUN)
RESENDABLE = (RecipientState.FAILED, RecipientState.UNKNOWN, RecipientState.EXPIRED)


class Start(enum.Enum):
    """What became of one call to start a mailing."""

    STARTED = "started"
    MISSED = "missed"  # Its window was over: everybody is expired, and the mailing completed.
    # Somebody else started it, or it is held, or its owner is not confirmed, or its time has not come.
    NOT_MINE = "not mine"


def request_start(session: AnySession, mailing: Mailing, now: datetime, *, must_be_confirmed: bool = False) -> None:
    """The owner's word that the mailing begins now: a start_time ahead becomes `now`.

    With `must_be_confirmed` the owner has to have confirmed the address. The start itself is `claim_start`.
    Raises OwnerBlocked, AlreadyStarted, AddressNotConfirmed, MailingHeld, WindowOver or EmptyAudience.
    """
    require_unblocked(session, mailing.owner_id)
    if mailing.status is not MailingStatus.CREATED:
        raise AlreadyStarted
    require_confirmed(session, mailing, must_be_confirmed)
    if holds_on_mailing(session, mailing.id, now):
        raise MailingHeld
    if mailing.end_time <= now:
        raise WindowOver(mailing.end_time)
    if count_audience(session, mailing) == 0:
        raise EmptyAudience
    session.execute(
        update(Mailing)
        .where(Mailing.id == mailing.id, Mailing.status == MailingStatus.CREATED, Mailing.start_time > now)
        .values(start_time=now)
    )
    session.refresh(mailing, ["start_time"])


def claim_start(session: AnySession, mailing_id: int, now: datetime, *, must_be_confirmed: bool = False) -> Start:
    """Start a mailing whose time has come, once, however many call.

    Freezes subject and body into the mailing and writes its recipients in one statement: suppressed addresses
    as `suppressed`, and everybody as `expired` when the window is over. The caller commits.
    """
    frozen = select(Message).where(Message.id == Mailing.message_id).correlate(Mailing)
    holds = active_holds(now).where(Hold.mailing_id == Mailing.id).correlate(Mailing)
    is_held = exists(holds.with_only_columns(Hold.id))
    is_owner_blocked = exists().where(User.id == Mailing.owner_id, User.blocked_at.is_not(None))
    won = session.execute(
        update(Mailing)
        .where(
            Mailing.id == mailing_id,
            Mailing.status == MailingStatus.CREATED,
            Mailing.start_time <= now,
            or_(Mailing.end_time <= now, ~is_held & ~is_owner_blocked & owner_may_start(must_be_confirmed)),
        )
        .values(
            status=MailingStatus.STARTED,
            started_at=now,
            rung_at=None,
            subject=frozen.with_only_columns(Message.subject).scalar_subquery(),
            body=frozen.with_only_columns(Message.body).scalar_subquery(),
        )
        .execution_options(synchronize_session=False)
    )
    if changed_rows(won) != 1:
        return Start.NOT_MINE
    mailing = session.get_one(Mailing, mailing_id, populate_existing=True)
    is_missed = mailing.end_time <= now
    _write_recipients(session, mailing, RecipientState.EXPIRED if is_missed else RecipientState.PENDING, now)
    if is_missed:
        complete_if_settled(session, mailing_id)
        return Start.MISSED
    return Start.STARTED


def _write_recipients(session: AnySession, mailing: Mailing, state: RecipientState, now: datetime) -> None:
    keep_clients_on_file(session, mailing.owner_id)
    rows = (
        audience_of(mailing)
        .with_only_columns(
            literal(mailing.id),
            Client.id,
            Client.email,
            Client.email_key,
            Client.full_name,
            case((is_suppressed_client(), RecipientState.SUPPRESSED.value), else_=state.value),
            literal(0),
            literal(mailing.round),
            literal(now, Recipient.changed_at.type),
        )
        .order_by(Client.id)
    )
    columns = ["mailing_id", "client_id", "email", "email_key", "full_name", "state", "tries", "round", "changed_at"]
    session.execute(insert(Recipient).from_select(columns, rows, include_defaults=False))


def started_mailing_ids(session: AnySession) -> list[int]:
    """The mailings under way, whoever owns them."""
    return list(session.scalars(select(Mailing.id).where(Mailing.status == MailingStatus.STARTED).order_by(Mailing.id)))


def finish(session: AnySession, mailing: Mailing, now: datetime) -> None:
    """End a started mailing now: what has not begun becomes expired. Raises NotStarted."""
    shut = session.execute(
        update(Mailing)
        .where(Mailing.id == mailing.id, Mailing.status == MailingStatus.STARTED)
        .values(
            # A window of no length at all would break its own rule; a microsecond keeps it.
            end_time=case(
                (Mailing.start_time < now, literal(now, Mailing.end_time.type)),
                else_=literal(mailing.start_time + timedelta(microseconds=1), Mailing.end_time.type),
            )
        )
        .execution_options(synchronize_session=False)
    )
    if changed_rows(shut) != 1:
        raise NotStarted
    expire_pending(session, mailing.id, now)
    complete_if_settled(session, mailing.id)
    session.refresh(mailing)


def resume(session: AnySession, mailing: Mailing, now: datetime) -> bool:
    """The owner's word that the mailing goes on (see resume_mailing); nothing is lifted for a blocked one.

    Raises OwnerBlocked.
    """
    require_unblocked(session, mailing.owner_id)
    return resume_mailing(session, mailing.id, now)


def expire_pending(session: AnySession, mailing_id: int, now: datetime) -> int:
    """When the window is over, or the owner has finished it: the pending become expired; how many there were."""
    expired = session.execute(_recipients(mailing_id, RecipientState.PENDING).values(
        state=RecipientState.EXPIRED, next_attempt_at=None, changed_at=now
    ))
    return changed_rows(expired)


def complete_if_settled(session: AnySession, mailing_id: int) -> bool:
    """Complete a started mailing none of whose recipients is pending, claimed or begun; True for the one who did.

    The time is told by the statement that finds it so, and not before: no letter's answer is later.
    """
    unsettled = exists().where(Recipient.mailing_id == Mailing.id, Recipient.state.in_(UNSETTLED))
    completed = session.execute(
        update(Mailing)
        .where(Mailing.id == mailing_id, Mailing.status == MailingStatus.STARTED, ~unsettled)
        .values(status=MailingStatus.COMPLETED, completed_at=clock(session), rung_at=None)
        .execution_options(synchronize_session=False)
    )
    return bool(changed_rows(completed))


def remember_claims(session: AnySession, mailing: Mailing) -> None:
    """When nobody is left for a first claim, write it down, so that nobody looks through all recipients for one."""
    recipients = select(func.max(Recipient.id)).where(Recipient.mailing_id == mailing.id)
    never_claimed = exists(first_claims().where(Recipient.mailing_id == mailing.id))
    session.execute(
        update(Mailing)
        # A resend in between has opened a new round, of which this knows nothing.
        .where(Mailing.id == mailing.id, Mailing.round == mailing.round, ~never_claimed)
        .values(claimed_up_to=func.coalesce(recipients.scalar_subquery(), 0))
        .execution_options(synchronize_session=False)
    )


def first_claims() -> Select[int]:
    """The recipients who have never been claimed."""
    return select(Recipient.id).where(
        Recipient.state == RecipientState.PENDING, Recipient.next_attempt_at.is_(None)
    )


def resend(
    session: AnySession,
    mailing: Mailing,
    states: Collection[RecipientState],
    start_time: datetime,
    end_time: datetime,
    now: datetime,
    recipient_ids: Collection[int] | None = None,
) -> int:
    """A person's word to write again to recipients who failed, expired or are unknown; how many they are.

    The mailing is started again with a new window and one round more; what was accepted stays as it is, and so does
    whoever must not be written to any more, or was erased.
    Raises OwnerBlocked, NotCompleted, WindowOver or NothingToResend.
    """
    require_unblocked(session, mailing.owner_id)
    if end_time <= now:
        raise WindowOver(end_time)
    ended = _ended_round(session, mailing)
    reopened = session.execute(
        update(Mailing)
        .where(Mailing.id == mailing.id, Mailing.status == MailingStatus.COMPLETED)
        .values(
            status=MailingStatus.STARTED,
            start_time=start_time,
            end_time=end_time,
            completed_at=None,
            rung_at=None,
            claimed_up_to=0,
            round=Mailing.round + 1,
        )
        .execution_options(synchronize_session=False)
    )
    if changed_rows(reopened) != 1:
        raise NotCompleted
    chosen = _recipients(mailing.id, *(state for state in states if state in RESENDABLE))
    chosen = chosen.where(~is_suppressed_recipient(mailing.owner_id), ~is_erased_recipient())
    if recipient_ids is not None:
        chosen = chosen.where(Recipient.id.in_(recipient_ids))
    again = session.execute(
        chosen.values(
            state=RecipientState.PENDING,
            lane=None,
            next_attempt_at=None,
            round=mailing.round + 1,
            changed_at=now,
        )
    )
    if not changed_rows(again):
        raise NothingToResend
    ended.resent = changed_rows(again)
    session.add(ended)
    # Who sends again knows how the last round went.
    lift_hold(session, mailing.id, HoldKind.BAD_RESULTS, now)
    session.flush()
    session.refresh(mailing)
    return ended.resent


def _ended_round(session: AnySession, mailing: Mailing) -> MailingRound:
    """The round that is over, as the books stand now."""
    books = books_of(session, mailing)
    return MailingRound(
        mailing_id=mailing.id,
        number=mailing.round,
        start_time=mailing.start_time,
        end_time=mailing.end_time,
        completed_at=mailing.completed_at,
        accepted=books.accepted,
        failed=books.failed,
        unknown=books.unknown,
        suppressed=books.suppressed,
        expired=books.expired,
    )


def rounds_of(session: AnySession, mailing: Mailing) -> list[MailingRound]:
    """The rounds of a mailing that are over and were followed by another, in order."""
    if mailing.round == 1:
        return []
    rounds = select(MailingRound).where(MailingRound.mailing_id == mailing.id).order_by(MailingRound.number)
    return list(session.scalars(rounds))


def _recipients(mailing_id: int, *states: RecipientState) -> Update:
    return (
        update(Recipient)
        .where(Recipient.mailing_id == mailing_id, Recipient.state.in_(states))
        .execution_options(synchronize_session=False)
    )
