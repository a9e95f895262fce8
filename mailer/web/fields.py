"""Form fields whose values can be trusted: each refuses at the field what would do harm further on."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import get_timezone
from flask_babel import gettext as _
from wtforms import DateTimeLocalField, HiddenField, StringField, TextAreaField, ValidationError
from wtforms.fields import EmailField as WTFormsEmailField

from mailer.config import MAX_BODY_BYTES
from mailer.domain.addresses import AddressRefused, normal_address
from mailer.domain.texts import CONTROL_CHARACTERS, CONTROL_CHARACTERS_IN_TEXT

EARLIEST_YEAR, LATEST_YEAR = 1970, 3000
LOCAL_FORMATS = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


def stripped(text: str | None) -> str:
    return (text or "").strip()


def with_plain_line_ends(text: str | None) -> str:
    """Browsers send a line's end as CR LF; a text is kept with LF alone."""
    return (text or "").replace("\r\n", "\n").replace("\r", "\n")


class SingleLineField(StringField):
    """Text for one line: no line breaks, no control characters, so that it may stand in a header."""

    data: str

    def __init__(self, label: str, *, max_length: int, is_required: bool = False, **options: Any) -> None:
        self.max_length = max_length
        self.is_required = is_required
        super().__init__(label, filters=(stripped,), **options)

    def pre_validate(self, form: Any) -> None:
        text = self.data
        if self.is_required and not text:
            raise ValidationError(_("This must be filled in."))
        if CONTROL_CHARACTERS.search(text):
            raise ValidationError(_("Only one line is possible here, without control characters."))
        if len(text) > self.max_length:
            raise ValidationError(
                _("At most %(max)s characters; this has %(count)s.", max=self.max_length, count=len(text))
            )


class EmailField(WTFormsEmailField):
    """A mail address, normalised; its data is an address that a letter can be sent to."""

    data: str

    def __init__(self, label: str, **options: Any) -> None:
        super().__init__(label, filters=(stripped,), **options)

    def pre_validate(self, form: Any) -> None:
        if not self.data:
            raise ValidationError(_("Give an address, as in name@example.org."))
        try:
            self.data = normal_address(self.data)
        except AddressRefused as error:
            raise ValidationError(
                _("This is not an address that mail can be sent to. One looks like name@example.org.")
            ) from error


class BodyField(TextAreaField):
    """A text of many lines, up to the size of one message."""

    data: str

    def __init__(
        self, label: str, *, max_bytes: int = MAX_BODY_BYTES, is_required: bool = False, **options: Any
    ) -> None:
        self.max_bytes = max_bytes
        self.is_required = is_required
        super().__init__(label, filters=(with_plain_line_ends,), **options)

    def pre_validate(self, form: Any) -> None:
        text = self.data
        if self.is_required and not text.strip():
            raise ValidationError(_("This must be filled in."))
        if CONTROL_CHARACTERS_IN_TEXT.search(text):
            raise ValidationError(_("The text holds a control character, which no mail program shows. Take it out."))
        size = len(text.encode())
        if size > self.max_bytes:
            raise ValidationError(
                _(
                    "The text is too long: %(size)s kB. At most %(max)s kB are possible.",
                    size=-(-size // 1024),
                    max=self.max_bytes // 1024,
                )
            )


class LocalDateTimeField(DateTimeLocalField):
    """A moment, given in the user's time zone; its data is aware and in UTC."""

    data: datetime | None

    def __init__(self, label: str, **options: Any) -> None:
        super().__init__(label, format=LOCAL_FORMATS, **options)

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        if self.data is None:
            return ""
        local = self.data.astimezone(_zone())
        return local.strftime(LOCAL_FORMATS[1] if local.second else LOCAL_FORMATS[0])

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = None
        text = valuelist[0].strip() if valuelist else ""
        if not text:
            raise ValueError(_("Give a date and a time."))
        naive = _parsed(text)
        # At the edges of the calendar another zone's time cannot be told.
        if not EARLIEST_YEAR <= naive.year <= LATEST_YEAR:
            raise ValueError(
                _("Give a year from %(earliest)s to %(latest)s.", earliest=EARLIEST_YEAR, latest=LATEST_YEAR)
            )
        # A time that comes twice when the clocks go back means the first one.
        moment = naive.replace(tzinfo=_zone()).astimezone(UTC)
        if moment.astimezone(_zone()).replace(tzinfo=None) != naive:
            raise ValueError(_("The clocks go forward then, and skip this time. Choose an earlier or a later one."))
        self.data = moment


class SeenField(HiddenField):
    """When that was last saved what the form shows, so that an older form does not replace something newer."""

    data: datetime | None

    @property
    def text(self) -> str:
        return self.data.isoformat() if self.data else ""

    def process_formdata(self, valuelist: list[str]) -> None:
        if not valuelist:
            return
        try:
            self.data = datetime.fromisoformat(valuelist[0]).astimezone(UTC)
        except (ValueError, OverflowError):
            self.data = None


def _parsed(text: str) -> datetime:
    for pattern in LOCAL_FORMATS:
        try:
            return datetime.strptime(text, pattern)
        except ValueError:
            continue
    raise ValueError(_("Give a date and a time, as in 2030-01-31T09:00."))


def _zone() -> ZoneInfo:
    zone: ZoneInfo = get_timezone()
    return zone
