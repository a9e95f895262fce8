"""The forms of the list of addresses that must not be written to."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm

from mailer.domain.suppressions import MAX_LIFT_REASON_LENGTH
from mailer.web.csv_file import CsvFileForm
from mailer.web.fields import EmailField, SingleLineField


class SuppressForm(FlaskForm):
    email = EmailField(_l("Email"))


class FileForm(CsvFileForm):
    # Some 100,000 addresses, which a request can work through.
    most_bytes = 3 * 1024**2


class LiftForm(FlaskForm):
    reason = SingleLineField(_l("Why it may be written to again"), max_length=MAX_LIFT_REASON_LENGTH, is_required=True)
