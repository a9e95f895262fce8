"""A form that comes twice makes its thing once: a double click, a reload, or a second try after a lost answer."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from mailer.models.sent_forms import SentForm
from mailer.models.statements import insert_into
from mailer.models.transactions import AnySession

# How long a form that has made something is remembered; pages stay open overnight.
REMEMBERED = timedelta(days=2)


def made_by_form(session: AnySession, owner_id: int, digest: str, now: datetime) -> int | None:
    """The id of what this form has made before; None where it comes for the first time, which is noted.

    Of two that come at the same moment one waits here until the other has committed; where that one is rolled back, the
    second is the first. Whoever gets None calls `note_made` in the same transaction.
    """
    session.execute(delete(SentForm).where(SentForm.owner_id == owner_id, SentForm.sent_at < now - REMEMBERED))
    row = insert_into(session, SentForm).values(owner_id=owner_id, digest=digest, sent_at=now)
    session.execute(row.on_conflict_do_nothing())
    return session.scalar(
        select(SentForm.made_id).where(SentForm.owner_id == owner_id, SentForm.digest == digest)
    )


def note_made(session: AnySession, owner_id: int, digest: str, made_id: int) -> None:
    """Remember what the form has made."""
    session.execute(
        update(SentForm)
        .where(SentForm.owner_id == owner_id, SentForm.digest == digest)
        .values(made_id=made_id)
    )
