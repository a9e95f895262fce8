"""The forms of a client and of a file of clients."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import ValidationError

from mailer.config import MAX_IMPORT_BYTES
from mailer.domain.clients import MAX_COMMENT_LENGTH, MAX_NAME_LENGTH
from mailer.domain.texts import CONTROL_CHARACTERS
from mailer.web.fields import EmailField, SeenField, SingleLineField


class ClientForm(FlaskForm):
    full_name = SingleLineField(_l("Full name"), max_length=MAX_NAME_LENGTH)
    email = EmailField(_l("Email"))
    comment = SingleLineField(_l("Comment"), max_length=MAX_COMMENT_LENGTH)
    updated_at = SeenField()

    @property
    def texts(self) -> tuple[str, str, str]:
        """Address, name and comment, as the domain takes them."""
        return self.email.data, self.full_name.data, self.comment.data


MAX_FILE_NAME_LENGTH = 200
# What a workbook of Excel, or of LibreOffice, begins with.
WORKBOOK_SIGNS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


class UploadForm(FlaskForm):
    """A CSV file; `content` is there once the form is valid."""

    file = FileField(_l("File"))
    content = b""

    def validate_file(self, field: FileField) -> None:
        if not field.data:
            raise ValidationError(_("Choose a file."))
        self.content = field.data.read(MAX_IMPORT_BYTES + 1)
        if len(self.content) > MAX_IMPORT_BYTES:
            raise ValidationError(
                _("The file has more than %(max)s MB. Split it into smaller ones.", max=MAX_IMPORT_BYTES // 1024**2)
            )
        if not self.content.strip():
            raise ValidationError(_("The file is empty."))
        if self.content.startswith(WORKBOOK_SIGNS):
            raise ValidationError(_("This is a workbook. Save it as CSV (File, Save as) and upload that."))

    @property
    def file_name(self) -> str:
        return CONTROL_CHARACTERS.sub("", self.file.data.filename or "")[-MAX_FILE_NAME_LENGTH:]
