"""By owner, for managers and admins: what became of everybody's recipients."""

from flask import abort
from werkzeug.wrappers import Response

from mailer.domain.books import sum_of
from mailer.domain.report_lines import owner_lines
from mailer.extensions import db
from mailer.reports.asking import asked_report, refused_report, report_page
from mailer.reports.by_mailing import state_urls


def by_owner() -> Response:
    """Only with `scope=all`, which is 404 to users."""
    asked = asked_report()
    if not asked.is_everybodys:
        abort(404)
    if not asked.form.validate():
        return refused_report(asked, "owners")
    lines = owner_lines(db.session, asked.mailings)
    return report_page(
        asked,
        "owners",
        "reports/_owners.html",
        lines=lines,
        totals=sum_of(line.books for line in lines),
        state_urls={line.owner.id: state_urls(asked, owner=str(line.owner.id)) for line in lines},
        total_urls=state_urls(asked),
        mailings=sum(line.mailings for line in lines),
        csv_url=asked.url("reports.owners_csv"),
    )
