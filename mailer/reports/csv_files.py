"""Each report as a CSV file, with the filters that its page has."""

from collections.abc import Iterator
from datetime import date

from flask import abort
from flask_babel import get_timezone
from flask_login import current_user
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from mailer.domain.audit import record
from mailer.domain.clock import database_now
from mailer.domain.exporting import csv_lines
from mailer.domain.moderation import visible_mailings
from mailer.domain.report_files import (
    STATUSES,
    domains_as_csv,
    mailings_as_csv,
    owners_as_csv,
    recipients_as_csv,
    replies_as_csv,
)
from mailer.domain.sums import Tried
from mailer.extensions import db
from mailer.models.audit import Action
from mailer.models.mailings import Mailing
from mailer.models.transactions import begin_writing
from mailer.reports.asking import Asked, asked_report
from mailer.reports.by_period import days_of, sums_of_periods
from mailer.web.actor import actor
from mailer.web.csv_download import csv_download


def asked_file(*, is_latest_by_default: bool = False) -> Asked:
    """What the file is asked for; a period that cannot be is no file (404): its page says what is wrong with it."""
    asked = asked_report(is_latest_by_default=is_latest_by_default)
    if not asked.form.validate():
        abort(404)
    return asked


def mailings_csv() -> Response:
    mailings, zone = asked_file().mailings, get_timezone()
    return csv_download("mailings.csv", lambda session, mark: mailings_as_csv(session, mailings, zone, mark))


def periods_csv() -> Response:
    asked = asked_file()
    lines = [(*days_of(asked, begin), tried) for begin, tried in sums_of_periods(asked)]
    return csv_download("periods.csv", lambda _session, mark: periods_as_csv(lines, mark))


def domains_csv() -> Response:
    mailings = asked_file(is_latest_by_default=True).mailings
    return csv_download("domains.csv", lambda session, mark: domains_as_csv(session, mailings, mark))


def replies_csv() -> Response:
    mailings = asked_file().mailings
    return csv_download("replies.csv", lambda session, mark: replies_as_csv(session, mailings, mark))


def owners_csv() -> Response:
    asked = asked_file()
    if not asked.is_everybodys:
        abort(404)
    mailings = asked.mailings
    return csv_download("owners.csv", lambda session, mark: owners_as_csv(session, mailings, mark))


def recipients_csv(mailing_id: int) -> Response:
    """Everybody to whom a mailing goes: that it was taken out is written down."""
    mailing = db.first_or_404(visible_mailings(current_user).where(Mailing.id == mailing_id))
    who, zone = actor(), get_timezone()
    # This request has read already, and on SQLite what has read cannot become one that writes.
    db.session.rollback()
    with Session(db.engine) as session:
        begin_writing(session)
        record(session, Action.EXPORT, who, database_now(session), session.get_one(Mailing, mailing.id))
        session.commit()
    return csv_download(
        f"mailing-{mailing_id}.csv", lambda session, mark: recipients_as_csv(session, mailing_id, zone, mark)
    )


def periods_as_csv(lines: list[tuple[date, date, Tried]], delimiter: str) -> Iterator[str]:
    """A line for each day, week or month."""
    yield csv_lines([("from", "to", *STATUSES, "total")], delimiter)
    yield csv_lines(
        [
            (first, last, *(getattr(tried, status) for status in STATUSES), tried.total)
            for first, last, tried in lines
        ],
        delimiter,
    )
