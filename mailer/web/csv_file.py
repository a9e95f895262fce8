"""The form of a CSV file that is uploaded, and what it must not be."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import ValidationError

from mailer.domain.texts import CONTROL_CHARACTERS

MAX_FILE_NAME_LENGTH = 200
# What a workbook of Excel, or of LibreOffice, begins with.
WORKBOOK_SIGNS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


class CsvFileForm(FlaskForm):
    """A CSV file of at most `most_bytes`; `content` is there once the form is valid."""

    file = FileField(_l("File"))
    most_bytes = 1024**2
    content = b""

    def validate_file(self, field: FileField) -> None:
        if not field.data:
            raise ValidationError(_("Choose a file."))
        self.content = field.data.read(self.most_bytes + 1)
        if len(self.content) > self.most_bytes:
            raise ValidationError(
                _("The file has more than %(max)s MB. Split it into smaller ones.", max=self.most_bytes // 1024**2)
            )
        if not self.content.strip():
            raise ValidationError(_("The file is empty."))
        if self.content.startswith(WORKBOOK_SIGNS):
            raise ValidationError(_("This is a workbook. Save it as CSV (File, Save as) and upload that."))

    @property
    def file_name(self) -> str:
        return CONTROL_CHARACTERS.sub("", self.file.data.filename or "")[-MAX_FILE_NAME_LENGTH:]
