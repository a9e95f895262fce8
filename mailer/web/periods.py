"""The period that a report or a log is about, as a form asks for it."""

from datetime import date, datetime, time, timedelta, tzinfo

from flask_babel import get_timezone
from flask_babel import gettext as _
from flask_babel import lazy_pgettext
from wtforms import DateField, Form, ValidationError

from mailer.domain.reports import Period
from mailer.web.fields import EARLIEST_YEAR, LATEST_YEAR


class OptionalDateField(DateField):
    """A day, or none."""

    data: date | None

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = None
        if not valuelist or not valuelist[0].strip():
            return
        try:
            day = date.fromisoformat(valuelist[0].strip())
        except ValueError as error:
            raise ValueError(_("Give a date, as in 2030-01-31, or none.")) from error
        if not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
            raise ValueError(
                _("Give a year from %(earliest)s to %(latest)s.", earliest=EARLIEST_YEAR, latest=LATEST_YEAR)
            )
        self.data = day


class PeriodForm(Form):
    """From the first day to the last, both included, in the user's time zone; either end may be open."""

    first = OptionalDateField(lazy_pgettext("period", "From"), name="from")
    last = OptionalDateField(lazy_pgettext("period", "To"), name="to")

    def validate_last(self, field: OptionalDateField) -> None:
        if self.first.data and field.data and field.data < self.first.data:
            raise ValidationError(_("The last day must not come before the first."))

    @property
    def period(self) -> Period:
        return Period(_beginning(self.first.data), _beginning(self.last.data and self.last.data + timedelta(days=1)))


def _beginning(day: date | None) -> datetime | None:
    zone: tzinfo = get_timezone()
    return datetime.combine(day, time(), zone) if day else None
