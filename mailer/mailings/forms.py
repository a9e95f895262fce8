"""The forms of a mailing."""

from datetime import UTC, datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, RadioField, SelectChoice, SelectField, SelectMultipleField, ValidationError

from mailer.domain.progress import RESENDABLE
from mailer.models.mailings import Audience, Mailing, RecipientState
from mailer.web.fields import LocalDateTimeField, SeenField
from mailer.web.ids import ids_among
from mailer.web.once import form_name_field

# A proposal that leaves time to think again, and a day in which the letters may go out.
MINUTES_AHEAD = 15
USUAL_WINDOW = timedelta(days=1)


class WindowForm(FlaskForm):
    """The times between which letters may begin."""

    start_time = LocalDateTimeField(_l("Start"))
    end_time = LocalDateTimeField(_l("End"))

    @property
    def window(self) -> timedelta | None:
        """How long the window is; None while it has no length."""
        start_time, end_time = self.start_time.data, self.end_time.data
        if start_time is None or end_time is None or end_time <= start_time:
            return None
        length: timedelta = end_time - start_time
        return length

    def validate_end_time(self, field: LocalDateTimeField) -> None:
        start_time = self.start_time.data
        if field.data is not None and start_time is not None and field.data <= start_time:
            raise ValidationError(_("The end must come after the start. Choose a later one."))


def an_id(value: Any) -> int | None:
    """The id that a form sent, None for whatever is none."""
    ids = ids_among([str(value).strip()])
    return ids[0] if ids else None


class MailingForm(WindowForm):
    """What goes out, to whom, and when. The clients chosen by hand are a Selection beside it."""

    # The view knows whose messages may be chosen; the field offers the latest of them.
    message_id = SelectField(_l("Message"), coerce=an_id, validate_choice=False)
    audience = RadioField(
        _l("Recipients"),
        choices=[
            SelectChoice(Audience.ALL.value, _l("All clients")),
            SelectChoice(Audience.SELECTED.value, _l("Selected clients")),
        ],
        validate_choice=False,
    )

    # Whoever ticks it need not say when: the start is the moment of saving.
    is_start_now = BooleanField(_l("Now"), name="start_now")
    updated_at = SeenField()
    form_name = form_name_field()

    def start_now(self, now: datetime) -> None:
        """Write the start in, whatever stands in its field."""
        self.start_time.data, self.start_time.raw_data = now, None
        self.start_time.process_errors = []

    def validate_audience(self, field: RadioField) -> None:
        if field.data not in (audience.value for audience in Audience):
            raise ValidationError(_("Choose all clients, or selected ones."))

    def fill_from(self, mailing: Mailing) -> None:
        """Show a mailing as it is."""
        self.message_id.data = mailing.message_id
        self.audience.data = mailing.audience.value
        self.start_time.data, self.end_time.data = mailing.start_time, mailing.end_time
        self.updated_at.data = mailing.updated_at

    def copy_from(self, mailing: Mailing, now: datetime) -> None:
        """Show another mailing like this one, with a window as long that is still to come."""
        start_time = next_quarter(now)
        self.message_id.data = mailing.message_id
        self.audience.data = mailing.audience.value
        self.start_time.data, self.end_time.data = start_time, start_time + (mailing.end_time - mailing.start_time)

    def propose(self, message_id: int | None, now: datetime) -> None:
        """Show what a new mailing usually is."""
        start_time = next_quarter(now)
        self.message_id.data = message_id
        self.audience.data = Audience.ALL.value
        self.start_time.data, self.end_time.data = start_time, start_time + USUAL_WINDOW

    @property
    def chosen_audience(self) -> Audience:
        """The audience, `all` until one is chosen."""
        return Audience.SELECTED if self.audience.data == Audience.SELECTED.value else Audience.ALL


def next_quarter(now: datetime) -> datetime:
    """The next quarter of an hour that is not too near."""
    minutes = int(now.timestamp()) // 60 + MINUTES_AHEAD
    return datetime.fromtimestamp((minutes - minutes % MINUTES_AHEAD) * 60, UTC)


class OptionalLocalDateTimeField(LocalDateTimeField):
    """A moment that keeps its default where none is given."""

    def process_formdata(self, valuelist: list[str]) -> None:
        if valuelist and valuelist[0].strip():
            super().process_formdata(valuelist)


class ResendForm(WindowForm):
    """Who is written to again, and when; `recipient_ids` beside it narrow it to some of them."""

    start_time = OptionalLocalDateTimeField(_l("Start"))
    end_time = OptionalLocalDateTimeField(_l("End"))
    states = SelectMultipleField(_l("To whom"), validate_choice=False)

    @property
    def chosen_states(self) -> list[RecipientState]:
        return [state for state in RESENDABLE if state.value in (self.states.data or ())]
