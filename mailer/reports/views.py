"""Reports: what became of the recipients of each mailing within a period, with totals that add up."""

from flask import Blueprint, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from mailer.domain.books import books_of_each, sum_of
from mailer.domain.reports import started_mailings_of, total_books
from mailer.domain.unsubscribing import count_unsubscribed, with_unsubscribed
from mailer.extensions import db
from mailer.models.mailings import Mailing
from mailer.web.htmx import invalid, page_or_fragment
from mailer.web.pagination import Sorting, paginate
from mailer.web.periods import PeriodForm

blueprint = Blueprint("reports", __name__, url_prefix="/reports")

NEWEST_FIRST = Sorting(Mailing.id, Mailing.id, is_descending=True)


@blueprint.get("/")
def index() -> Response:
    form = PeriodForm(request.args)
    if not form.validate():
        return invalid("reports/index.html", "reports/_report.html", form=form, page=None)
    mailings = started_mailings_of(current_user.id, form.period)
    page = paginate(with_unsubscribed(mailings), NEWEST_FIRST, location=url_for(".index"))
    books = books_of_each(db.session, page.items)
    return page_or_fragment(
        "reports/index.html",
        "reports/_report.html",
        form=form,
        page=page,
        books=books,
        page_totals=sum_of(books.values()),
        totals=total_books(db.session, mailings),
        unsubscribed=count_unsubscribed(db.session, mailings),
        page_unsubscribed=sum(mailing.unsubscribed or 0 for mailing in page.items),
    )
