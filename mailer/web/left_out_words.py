"""Why clients are left out of a mailing, in a line for each reason."""

from flask_babel import ngettext

from mailer.models.clients import SuppressionReason
from mailer.web.formats import number


def left_out_words(reason: SuppressionReason, count: int) -> str:
    """How many are left out for this reason."""
    shown = number(count)
    match reason:
        case SuppressionReason.UNSUBSCRIBED:
            return str(ngettext("%(count)s has unsubscribed", "%(count)s have unsubscribed", count, count=shown))
        case SuppressionReason.COMPLAINT:
            return str(ngettext("%(count)s has complained", "%(count)s have complained", count, count=shown))
        case SuppressionReason.HARD_FAILURE:
            return str(
                ngettext(
                    "%(count)s has a mailbox that does not exist",
                    "%(count)s have mailboxes that do not exist",
                    count,
                    count=shown,
                )
            )
        case SuppressionReason.DELETED:
            return str(ngettext("%(count)s was deleted before", "%(count)s were deleted before", count, count=shown))
        case SuppressionReason.BY_HAND:
            return str(
                ngettext("%(count)s was left out by hand", "%(count)s were left out by hand", count, count=shown)
            )
