"""Choosing the recipients of a mailing among any number of clients: searched, paged, and carried along by the form."""

from dataclasses import dataclass

from flask import request
from flask_login import current_user

from mailer.domain.clients import clients_of
from mailer.domain.suppressions import is_suppressed_client, with_suppressions
from mailer.extensions import db
from mailer.mailings.selection import MOST_CHOSEN, Selection, packed
from mailer.models.clients import Client
from mailer.web.pagination import Page, Sorting, paginate

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


def chooser(selection: Selection, location: str, on_file: int | None = None) -> Chooser:
    """The chooser as the form that was sent asks for it; its buttons post to `location`.

    `on_file` is how many clients there are, where that is known already.
    """
    search = request.form.get("find", "")
    clients = clients_of(current_user.id, search)
    act = request.form.get("act")
    if act == ADD:
        may_be_chosen = clients.where(~is_suppressed_client())
        found = db.session.scalars(may_be_chosen.with_only_columns(Client.id).limit(MOST_CHOSEN))
        selection = selection.with_ids(found)
    elif act == CLEAR:
        selection = Selection()
    # A new search begins at its first page; the two ways on carry their place in the address.
    place = request.args.to_dict() if act == FIND else {}
    total = None if search.strip() else on_file
    page = paginate(with_suppressions(clients), BY_NAME, location=location, query=place, total=total)
    return Chooser(selection, search, page, location)
