"""Old attempts of completed mailings are forgotten. The books stay, and so do the sums of what is gone."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select

from mailer.domain.gone_attempts import keep_counts_of_gone
from mailer.domain.summing import answered
from mailer.models.mailings import Attempt, Mailing, MailingStatus
from mailer.models.statements import changed_rows
from mailer.models.transactions import AnySession
from mailer.models.users import SharedSetting

SETTING = "ATTEMPTS_PRUNED_BEFORE"


@dataclass(frozen=True)
class Batch:
    """How many attempts went, and the last one looked at; None when the mailing has no more."""

    removed: int
    last_id: int | None


def prunable_mailing_ids(session: AnySession, before: datetime) -> list[int]:
    """The completed mailings that may have attempts from before this time, oldest first."""
    ids = select(Mailing.id).where(Mailing.status == MailingStatus.COMPLETED, Mailing.started_at < before)
    return list(session.scalars(ids.order_by(Mailing.id)))


def prune_batch(session: AnySession, mailing_id: int, before: datetime, after_id: int, size: int) -> Batch:
    """Look at the next `size` attempts of a mailing and forget those from before this time.

    Nothing goes of a mailing that is not completed, be it that it was sent again a moment ago. The caller commits.
    """
    completed = select(Mailing.id).where(Mailing.id == mailing_id, Mailing.status == MailingStatus.COMPLETED)
    if session.scalar(completed.with_for_update(read=True)) is None:
        return Batch(0, None)
    looked_at = (
        select(Attempt.id)
        .where(Attempt.mailing_id == mailing_id, Attempt.id > after_id)
        .order_by(Attempt.id)
        .limit(size)
        .subquery()
    )
    last_id, count = session.execute(select(func.max(looked_at.c.id), func.count())).one()
    if last_id is None:
        return Batch(0, None)
    is_old = (
        Attempt.mailing_id == mailing_id,
        Attempt.id > after_id,
        Attempt.id <= last_id,
        Attempt.attempted_at < before,
    )
    keep_counts_of_gone(session, mailing_id, answered().where(*is_old))
    old = delete(Attempt).where(*is_old)
    removed = changed_rows(session.execute(old.execution_options(synchronize_session=False)))
    return Batch(removed, last_id if count == size else None)


def note_pruning(session: AnySession, before: datetime, now: datetime) -> None:
    """Remember, for the pages, from before which time attempts are missing. Note it before the first one goes."""
    earlier = pruned_before(session)
    latest = before if earlier is None else max(before, earlier)
    session.merge(SharedSetting(name=SETTING, value=latest.isoformat(), updated_at=now))
    session.flush()


def pruned_before(session: AnySession) -> datetime | None:
    """The time from before which the attempts of completed mailings are gone; None when nothing was ever pruned."""
    value = session.scalar(select(SharedSetting.value).where(SharedSetting.name == SETTING))
    return datetime.fromisoformat(value) if value else None
