"""The list of clients: searched, sorted, a page at a time, with what became of the last letter to each."""

from typing import Any

from flask import url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from mailer.domain.clients import last_letters
from mailer.domain.finding import find_clients
from mailer.domain.suppressions import with_suppressions
from mailer.extensions import db
from mailer.models.clients import Client
from mailer.web.client_counts import ClientCounts
from mailer.web.htmx import page_or_fragment, shown_query
from mailer.web.pagination import Sorting, Total, paginate, rows_ahead, sorted_by

# Each walks along an index of the table.
SORTINGS = {
    "name": Sorting(Client.name_key, Client.id),
    "email": Sorting(Client.email_key, Client.id),
    "newest": Sorting(Client.id, Client.id, is_descending=True),
}


def index() -> Response:
    return page_or_fragment("clients/index.html", "clients/_list.html", **shown_list())


def shown_list() -> dict[str, Any]:
    """What the list's templates show: the page of the clients that the visitor sees."""
    location = url_for("clients.index")
    search = shown_query().get("q", "")
    order = sorted_by(SORTINGS, default="name", location=location)
    owner_id = current_user.id
    is_ahead = rows_ahead(order.sorting)
    # First of all, as it takes longest.
    counts = ClientCounts(owner_id, search, is_ahead)
    found = find_clients(db.session, owner_id, search)
    total: Total = counts.found if found.count is None else found.count
    clients, by_index = found.at(is_beginning_by_name=order.name == "name" and is_ahead is None)
    page = paginate(with_suppressions(clients), order.sorting, location=location, total=total, by_index=by_index)
    return {
        "page": page,
        "search": search,
        "order": order,
        "counts": counts,
        "last_letters": last_letters(db.session, page.items),
    }
