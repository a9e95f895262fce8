"""The mailings that somebody may see, and those that are their own, from which every view of this package starts."""

from flask import abort
from flask_login import current_user

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
