"""Throwing mailings away, with their recipients and attempts.

A late answer settles somebody who was unknown although the mailing is over: it holds that recipient, and then wants
the mailing and its sums. So the recipients go before those, and nobody waits for an answer that is being written down
at this moment: its mailing stays. Otherwise both could wait for each other, and the database would end one of them.
"""

from collections.abc import Collection

from sqlalchemy import Select, delete, or_, select

from mailer.domain.chosen_ids import is_among
from mailer.domain.errors import StillSending
from mailer.models.mailings import Mailing, MailingStatus, Recipient, RecipientState
from mailer.models.transactions import AnySession


def delete_mailing(session: AnySession, mailing: Mailing) -> None:
    """Throw a mailing away with its recipients and attempts.

    Raises StillSending while one of its letters is being handed over or answered: the answer would have no place to go.
    """
    require_no_answers(session, [mailing.id])
    session.refresh(mailing, with_for_update={"of": Mailing})
    in_flight = select(Recipient.id).where(
        Recipient.mailing_id == mailing.id,
        or_(Recipient.state == RecipientState.CLAIMED, Recipient.state == RecipientState.BEGUN),
    )
    if session.scalar(in_flight.limit(1)) is not None:
        raise StillSending
    throw_away(session, [mailing.id])
    session.expunge(mailing)


def delete_mailings(session: AnySession, mailings: Select[Mailing]) -> list[int]:
    """Throw away those of these mailings that are booked or completed, with their recipients and attempts; their ids.

    Those under way stay: letters are being handed over. So does one of which a late answer is being written down.
    """
    kept = mailings.where(Mailing.status != MailingStatus.STARTED).with_only_columns(Mailing.id).order_by(Mailing.id)
    wanted = list(session.scalars(kept))
    free = set(wanted) - being_answered(session, wanted)
    # Locked, so that none of them starts between the look and the deletion.
    ids = list(session.scalars(kept.where(is_among(session, Mailing.id, free)).with_for_update(of=Mailing)))
    throw_away(session, ids)
    return ids


def require_no_answers(session: AnySession, ids: Collection[int]) -> None:
    """Raise StillSending if the late answer to a letter of these mailings is being written down at this moment."""
    if being_answered(session, ids):
        raise StillSending


def being_answered(session: AnySession, ids: Collection[int]) -> set[int]:
    """Those of the mailings of which a late answer is being written down; to all others none comes until the commit.

    Call it before the mailings themselves are locked.
    """
    if session.get_bind().dialect.name == "sqlite":
        # There is one writer at a time.
        return set()
    may_be_answered = select(Recipient.id, Recipient.mailing_id).where(
        is_among(session, Recipient.mailing_id, ids),
        Recipient.state == RecipientState.UNKNOWN,
        Recipient.lane.is_not(None),
    )
    # Looked for after the first question: whoever became unknown in between is not known to be free.
    locked = {id for id, _mailing in session.execute(may_be_answered.with_for_update(of=Recipient, skip_locked=True))}
    return {mailing_id for id, mailing_id in session.execute(may_be_answered) if id not in locked}


def throw_away(session: AnySession, ids: Collection[int]) -> None:
    """Delete these mailings, which the caller has locked, and all that belongs to them."""
    # A trigger would take the recipients along, but after the sums.
    for rows in (
        delete(Recipient).where(is_among(session, Recipient.mailing_id, ids)),
        delete(Mailing).where(is_among(session, Mailing.id, ids)),
    ):
        session.execute(rows.execution_options(synchronize_session=False))
