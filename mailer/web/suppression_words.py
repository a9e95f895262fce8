"""Why an address must not be written to, in a word or two."""

from flask_babel import lazy_gettext as _l

from mailer.models.clients import SuppressionReason

_WORDS = {
    SuppressionReason.UNSUBSCRIBED: _l("unsubscribed"),
    SuppressionReason.BY_HAND: _l("left out by you"),
    SuppressionReason.HARD_FAILURE: _l("the mailbox does not exist"),
    SuppressionReason.DELETED: _l("deleted, must not return"),
    SuppressionReason.COMPLAINT: _l("complained"),
}


def suppression_words(reason: SuppressionReason) -> str:
    """What stands beside a suppressed address."""
    return str(_WORDS[reason])
