"""Choosing the recipients of a mailing among any number of clients: searched, paged, and carried along by the form."""

from dataclasses import dataclass

from flask import request
from flask_login import current_user

from mailer.domain.clients import clients_of
from mailer.domain.finding import Found, find_clients, found_before
from mailer.domain.suppressions import is_suppressed_client, with_suppressions
from mailer.extensions import db
from mailer.mailings.selection import MOST_CHOSEN, Selection, packed
from mailer.models.clients import Client
from mailer.web.client_counts import ClientCounts
from mailer.web.pagination import Page, Sorting, Total, paginate, rows_ahead

BY_NAME = Sorting(Client.name_key, Client.id)

# What the buttons of the chooser send as `act`: look for clients or turn the page, add all that were found, begin anew.
FIND, ADD, CLEAR = "find", "add", "clear"
# What the summary sends when something in the form has changed.
PREVIEW = "preview"


@dataclass(frozen=True)
class Chooser:
    """A page of the clients that match `search`, and who has been chosen so far."""

    selection: Selection
    search: str
    page: Page[Client]
    location: str

    @property
    def shown(self) -> str:
        """The ids on this page, so that the ones not ticked can be told from those on other pages."""
        return packed(client.id for client in self.page.items)


def stepped(selection: Selection) -> tuple[Selection, Found | None]:
    """The selection after the step that was asked for, and whom the search has found if that came out."""
    act = request.form.get("act")
    if act == CLEAR:
        return Selection(), None
    if act != ADD:
        return selection, None
    found = clients_of(current_user.id, searched()).with_only_columns(Client.id, is_suppressed_client())
    rows = db.session.execute(found.limit(MOST_CHOSEN)).all()
    found_ids = [id for id, _is_suppressed in rows]
    selection = selection.with_ids(id for id, is_suppressed in rows if not is_suppressed)
    return selection, found_before(db.session, current_user.id, searched(), found_ids)


def searched() -> str:
    """What the chooser looks for."""
    return request.form.get("find", "")


def chooser(selection: Selection, location: str, found: Found | None = None, on_file: int | None = None) -> Chooser:
    """The chooser as the form that was sent asks for it; its buttons post to `location`.

    `found` is whom its search finds, and `on_file` how many clients there are, where that is known already.
    """
    # A new search begins at its first page; the two ways on carry their place in the address.
    place = request.args.to_dict() if request.form.get("act") == FIND else {}
    owner_id, search = current_user.id, searched()
    is_ahead = rows_ahead(BY_NAME, place)
    found = found or find_clients(db.session, owner_id, search)
    total: Total = on_file if found.count is None and not search.strip() else found.count
    if total is None:
        # Only where there is more to count: nothing else here needs to know how many are on file.
        total = ClientCounts(owner_id, search, is_ahead).found
    clients, by_index = found.at(is_beginning_by_name=is_ahead is None)
    rows = with_suppressions(clients)
    page = paginate(rows, BY_NAME, location=location, query=place, total=total, by_index=by_index)
    return Chooser(selection, search, page, location)
