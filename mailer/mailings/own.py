"""The mailings that somebody may see, and those that are their own, from which every view of this package starts."""

from datetime import datetime

from flask import abort
from flask_login import current_user

from mailer.domain.booking import chosen_ids
from mailer.domain.clock import clock
from mailer.domain.moderation import visible_mailings
from mailer.domain.unsubscribing import with_unsubscribed
from mailer.extensions import db
from mailer.models.mailings import Mailing


def visible_mailing(mailing_id: int) -> Mailing:
    """The user's own mailing, a moderator's anybody's, with its name and owner, read anew; 404 for others."""
    visible = with_unsubscribed(visible_mailings(current_user).where(Mailing.id == mailing_id))
    mailing: Mailing = db.first_or_404(visible.execution_options(populate_existing=True))
    return mailing


def own_mailing(mailing_id: int) -> Mailing:
    """The user's own mailing, read anew; 404 for who may not see it, 403 for who may see it and do nothing to it."""
    mailing = visible_mailing(mailing_id)
    if mailing.owner_id != current_user.id:
        abort(403)
    return mailing


def own_mailing_with_choice(mailing_id: int) -> tuple[Mailing, frozenset[int], datetime]:
    """The user's own mailing as above, the clients chosen for it by hand, and the time, asked for at once."""
    visible = visible_mailings(current_user).where(Mailing.id == mailing_id)
    asked = visible.add_columns(chosen_ids(), clock(db.session)).execution_options(populate_existing=True)
    row = db.session.execute(asked).one_or_none()
    if row is None:
        abort(404)
    mailing, ids, now = row
    if mailing.owner_id != current_user.id:
        abort(403)
    return mailing, frozenset(map(int, (ids or "").split())), now
