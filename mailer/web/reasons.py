"""The reason that somebody gives for stopping what is another one's."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm

from mailer.web.fields import SingleLineField

MAX_REASON_LENGTH = 500


class ReasonForm(FlaskForm):
    """A reason that may be left out."""

    reason = SingleLineField(_l("Reason"), max_length=MAX_REASON_LENGTH)


class RequiredReasonForm(FlaskForm):
    """A reason that must be given."""

    reason = SingleLineField(_l("Reason"), max_length=MAX_REASON_LENGTH, is_required=True)
