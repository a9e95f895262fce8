"""The list of mailings: searched, filtered by status, a page at a time, with the books of each."""

from datetime import UTC, datetime
from typing import Any

from flask import url_for
from flask_login import current_user
from sqlalchemy import Select
from werkzeug.wrappers import Response

from mailer.domain.booking import count_mailings, mailings_of
from mailer.domain.books import books_of, books_of_each
from mailer.domain.holds import holds_on_mailing, holds_on_mailings
from mailer.extensions import db
from mailer.models.mailings import Mailing, MailingStatus
from mailer.web.htmx import page_or_fragment, shown_query
from mailer.web.pagination import Sorting, list_url, paginate, sorted_by

# Each walks along an index of the table. A mailing's search_key is its name, casefolded.
SORTINGS = {
    "newest": Sorting(Mailing.id, Mailing.id, is_descending=True),
    "name": Sorting(Mailing.search_key, Mailing.id),
    "start": Sorting(Mailing.start_time, Mailing.id, is_descending=True),
}


def index() -> Response:
    return page_or_fragment("mailings/index.html", "mailings/_list.html", **shown_list())


def shown_list() -> dict[str, Any]:
    """What the list's templates show: the page of the mailings that the visitor sees."""
    location, query = url_for("mailings.index"), shown_query()
    search = query.get("q", "")
    status = asked_status(query.get("status"))
    counts = counts_by_status(search)
    order = sorted_by(SORTINGS, default="newest", location=location)
    total = sum(counts.values()) if status is None else counts.get(status, 0)
    page = paginate(found_mailings(search, status), order.sorting, location=location, total=total)
    return {
        "page": page,
        "search": search,
        "order": order,
        "status": status,
        "counts": counts,
        "status_urls": {name: list_url(location, query | {"status": name}) for name in ("", *MailingStatus)},
        "books": books_of_each(db.session, page.items),
        "holds": holds_on_mailings(db.session, [mailing.id for mailing in page.items], datetime.now(UTC)),
    }


def row_context(mailing: Mailing) -> dict[str, Any]:
    """What the template of one row shows."""
    return {
        "mailing": mailing,
        "is_focused": True,
        "books": {mailing.id: books_of(db.session, mailing)},
        "holds": {mailing.id: holds_on_mailing(db.session, mailing.id, datetime.now(UTC))},
    }


def asked_status(name: str | None) -> MailingStatus | None:
    """The status that the list is narrowed to."""
    return MailingStatus(name) if name in list(MailingStatus) else None


def found_mailings(search: str, status: MailingStatus | None) -> Select[Mailing]:
    """The user's mailings that a search finds, those of one status or all."""
    mailings = mailings_of(current_user.id, search)
    return mailings if status is None else mailings.where(Mailing.status == status)


def counts_by_status(search: str) -> dict[MailingStatus, int]:
    return count_mailings(db.session, mailings_of(current_user.id, search))
