"""The forms of a client and of a file of clients."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm

from mailer.config import MAX_IMPORT_BYTES
from mailer.domain.clients import MAX_COMMENT_LENGTH, MAX_NAME_LENGTH
from mailer.web.csv_file import CsvFileForm
from mailer.web.fields import EmailField, SeenField, SingleLineField
from mailer.web.once import form_name_field


class ClientForm(FlaskForm):
    full_name = SingleLineField(_l("Full name"), max_length=MAX_NAME_LENGTH)
    email = EmailField(_l("Email"))
    comment = SingleLineField(_l("Comment"), max_length=MAX_COMMENT_LENGTH)
    updated_at = SeenField()
    form_name = form_name_field()

    @property
    def texts(self) -> tuple[str, str, str]:
        """Address, name and comment, as the domain takes them."""
        return self.email.data, self.full_name.data, self.comment.data


class UploadForm(CsvFileForm):
    most_bytes = MAX_IMPORT_BYTES
