"""The lanes that a restored database tells of: their processes lived before the backup was made, or elsewhere."""

from sqlalchemy import func, select, update

from mailer.delivery.sweep import end_lane
from mailer.models.lanes import Lane
from mailer.models.mailings import Recipient, RecipientState
from mailer.models.transactions import AnySession

WORDS = "the database was restored from a backup that was made before the server answered"


def end_all_lanes(session: AnySession) -> int:
    """End every lane, as a sweep would; how many recipients are unknown by it. The caller commits.

    Whoever was claimed then has begun a moment later, so they are unknown too, each with the id that the letter
    would have had.
    """
    tokens = session.scalars(select(Lane.token)).all()
    session.execute(
        update(Recipient)
        .where(Recipient.state == RecipientState.CLAIMED)
        .values(state=RecipientState.BEGUN, tries=Recipient.tries + 1)
        .execution_options(synchronize_session=False)
    )
    begun = select(func.count()).select_from(Recipient).where(Recipient.state == RecipientState.BEGUN)
    count = session.scalar(begun) or 0
    for token in tokens:
        end_lane(session, token, WORDS)
    return count
