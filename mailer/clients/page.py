"""The page of one client, with every letter to them; for htmx, the client's row."""

from flask import url_for
from werkzeug.wrappers import Response

from mailer.clients.own import own_client
from mailer.domain.clients import last_letters, letters_to
from mailer.extensions import db
from mailer.models.mailings import Recipient
from mailer.web.htmx import page_or_fragment
from mailer.web.pagination import Sorting, paginate

LATEST_FIRST = Sorting(Recipient.id, Recipient.id, is_descending=True)


def show(client_id: int) -> Response:
    client = own_client(client_id)
    return page_or_fragment(
        "clients/show.html",
        "clients/_row.html",
        client=client,
        letter=last_letters(db.session, [client]).get(client.id),
        is_focused=True,
        letters=paginate(letters_to(client), LATEST_FIRST, location=url_for("clients.show", client_id=client.id)),
    )
