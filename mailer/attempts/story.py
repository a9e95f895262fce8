"""The page of one recipient: what became of the letter, step by step, and of others to the same address."""

from flask import abort, render_template
from flask_login import current_user

from mailer.attempts.complaints import complaint
from mailer.domain.stories import letters_to_address, recipients_in_sight, suppressions_of_address, tries_of
from mailer.extensions import db
from mailer.models.mailings import Recipient, RecipientState

TRIES_SHOWN = 100
OTHERS_SHOWN = 25
ON_THE_WAY = (RecipientState.CLAIMED, RecipientState.BEGUN)


def show(recipient_id: int) -> str:
    found = recipients_in_sight(current_user).where(Recipient.id == recipient_id)
    row = db.session.execute(found).one_or_none()
    if row is None:
        abort(404)
    mailing, recipient = row
    tries = list(db.session.scalars(tries_of(recipient).limit(TRIES_SHOWN)))
    others = letters_to_address(mailing.owner_id, recipient.email_key).where(Recipient.id != recipient.id)
    return render_template(
        "attempts/story.html",
        mailing=mailing,
        recipient=recipient,
        is_own=mailing.owner_id == current_user.id,
        is_on_the_way=recipient.state in ON_THE_WAY,
        tries=[(attempt, complaint(mailing, recipient, attempt)) for attempt in tries],
        suppressions=list(db.session.scalars(suppressions_of_address(mailing.owner_id, recipient.email_key))),
        others=db.session.execute(others.order_by(Recipient.id.desc()).limit(OTHERS_SHOWN)).all(),
        others_shown=OTHERS_SHOWN,
    )
