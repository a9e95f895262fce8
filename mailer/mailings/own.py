"""The user's own mailings, from which every view of this package starts."""

from flask_login import current_user

from mailer.domain.booking import mailings_of
from mailer.extensions import db
from mailer.models.mailings import Mailing


def own_mailing(mailing_id: int) -> Mailing:
    """The user's mailing with its name, read anew; 404 for anybody else's."""
    own = mailings_of(current_user.id).where(Mailing.id == mailing_id).execution_options(populate_existing=True)
    mailing: Mailing = db.first_or_404(own)
    return mailing
