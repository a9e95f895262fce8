"""Deleting clients, one or many, after a question that says what depends on them."""

from datetime import datetime
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from sqlalchemy import Select
from werkzeug.wrappers import Response

from mailer.clients.lists import shown_list
from mailer.clients.own import name_of, own_client
from mailer.domain.audit import Thing, record
from mailer.domain.clients import clients_of, count_of, delete_clients, dependents_of_clients
from mailer.domain.clock import database_now
from mailer.domain.suppressions import suppress_clients
from mailer.extensions import db
from mailer.models.audit import Action, ThingKind
from mailer.models.clients import Client, SuppressionReason
from mailer.web.actor import actor
from mailer.web.bulk import NAMED, Bulk, asked_bulk
from mailer.web.formats import number
from mailer.web.htmx import done, invalid, is_shown, moved, page_or_fragment
from mailer.web.pagination import list_url

# The box that is ticked where those who leave must not come back.
MUST_NOT_RETURN = "must_not_return"


def ask_delete(client_id: int) -> Response:
    client = own_client(client_id)
    return page_or_fragment(
        "clients/delete.html",
        "clients/_delete.html",
        client=client,
        dependents=dependents_of_clients(db.session, the_one(client)),
        is_from_list=is_shown(url_for("clients.index")),
    )


def delete(client_id: int) -> Response:
    client, now = own_client(client_id), database_now(db.session)
    name = name_of(client)
    record(db.session, Action.DELETE, actor(), now, client)
    bar_return(the_one(client), now)
    delete_clients(db.session, the_one(client), now)
    db.session.commit()
    location = url_for("clients.index")
    return done(_("Deleted: %(name)s.", name=name), "clients/_list.html", location=location, **shown_list())


def bar_return(clients: Select[Client], now: datetime) -> None:
    """Where the question was answered so, see to it that nobody writes to these addresses when they come again."""
    if request.form.get(MUST_NOT_RETURN):
        suppress_clients(db.session, clients, SuppressionReason.DELETED, now)


def the_one(client: Client) -> Select[Client]:
    return clients_of(current_user.id).where(Client.id == client.id)


def ask_delete_many() -> Response:
    bulk = asked_bulk("client_ids")
    count = count_of(db.session, meant(bulk))
    if not count:
        return moved(_("No client was selected."), location=list_url(url_for("clients.index"), bulk.list_query))
    return page_or_fragment("clients/delete_many.html", "clients/_delete_many.html", **question(bulk, count))


def delete_many() -> Response:
    bulk = asked_bulk("client_ids")
    clients = meant(bulk)
    count = count_of(db.session, clients)
    if bulk.count != str(count):
        # Somebody came or went since the question; whoever answered it has not seen this number.
        return invalid("clients/delete_many.html", "clients/_delete_many.html", **question(bulk, count, is_anew=True))
    now = database_now(db.session)
    bar_return(clients, now)
    deleted = delete_clients(db.session, clients, now)
    record(db.session, Action.DELETE, actor(), now, Thing(ThingKind.CLIENTS), number(deleted))
    db.session.commit()
    words = ngettext("Deleted %(count)s client.", "Deleted %(count)s clients.", deleted, count=number(deleted))
    location = list_url(url_for("clients.index"), bulk.list_query)
    return done(words, "clients/_list.html", location=location, **shown_list())


def meant(bulk: Bulk) -> Select[Client]:
    return bulk.among(clients_of(current_user.id), clients_of(current_user.id, bulk.search), Client.id)


def question(bulk: Bulk, count: int, is_anew: bool = False) -> dict[str, Any]:
    """What the question before the deletion of many shows."""
    first = db.session.scalars(meant(bulk).order_by(Client.name_key, Client.id).limit(NAMED))
    return {
        "bulk": bulk,
        "count": count,
        "names": [name_of(client) for client in first],
        "dependents": dependents_of_clients(db.session, meant(bulk)),
        "is_anew": is_anew,
        "back": list_url(url_for("clients.index"), bulk.list_query),
        "is_from_list": is_shown(url_for("clients.index")),
    }
