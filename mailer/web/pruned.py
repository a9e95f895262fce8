"""Why a recipient who was written to may have no attempts: the old ones have been removed."""

from flask import g
from flask_babel import gettext as _

from mailer.domain.pruning import pruned_before
from mailer.extensions import db
from mailer.models.mailings import Attempt, Recipient
from mailer.web.formats import day


def pruned_words() -> str:
    """One line about the attempts that are missing, or nothing; a request asks the database once."""
    if "pruned_before" not in g:
        g.pruned_before = pruned_before(db.session)
    return _("Attempts before %(day)s were removed.", day=day(g.pruned_before)) if g.pruned_before else ""


def missing_attempt_words(recipient: Recipient, attempt: Attempt | None) -> str:
    """The same where a recipient was tried and the attempt is not there; nothing in all other cases."""
    return pruned_words() if attempt is None and recipient.tries else ""
