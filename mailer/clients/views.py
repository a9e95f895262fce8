"""Clients: the list with its rows edited in place, and a page for each."""

from typing import Any

from flask import Blueprint, url_for
from flask_babel import gettext as _
from flask_login import current_user
from markupsafe import Markup
from werkzeug.wrappers import Response

from mailer.clients.forms import ClientForm
from mailer.domain.audit import record
from mailer.domain.clients import (
    add_client,
    change_client,
    client_with_email,
    clients_of,
    count_clients,
    delete_client,
    dependents_of_client,
    last_letters,
    letters_to,
)
from mailer.domain.clock import database_now
from mailer.domain.errors import EmailTaken
from mailer.extensions import db
from mailer.models.audit import Action
from mailer.models.clients import Client
from mailer.models.mailings import Recipient
from mailer.web.actor import actor
from mailer.web.htmx import done, invalid, is_shown, page_or_fragment, shown_query
from mailer.web.pagination import Sorting, paginate, sorted_by

blueprint = Blueprint("clients", __name__, url_prefix="/clients")

SORTINGS = {
    "name": Sorting(Client.name_key, Client.id),
    "email": Sorting(Client.email_key, Client.id),
    "newest": Sorting(Client.id, Client.id, is_descending=True),
}


@blueprint.get("/")
def index() -> Response:
    return page_or_fragment("clients/index.html", "clients/_list.html", **shown_list())


def shown_list() -> dict[str, Any]:
    """What the list's templates show: the page of the clients that the visitor sees."""
    location = url_for(".index")
    search = shown_query().get("q", "")
    order = sorted_by(SORTINGS, default="name", location=location)
    page = paginate(clients_of(current_user.id, search), order.sorting, location=location)
    return {
        "page": page,
        "search": search,
        "order": order,
        "on_file": count_clients(db.session, current_user.id) if search else page.total,
        "last_letters": last_letters(db.session, page.items),
    }


@blueprint.route("/new", methods=["GET", "POST"])
def new() -> Response:
    form = ClientForm()
    if form.validate_on_submit():
        try:
            client = add_client(
                db.session,
                current_user.id,
                form.email.data,
                form.full_name.data,
                form.comment.data,
                database_now(db.session),
            )
        except EmailTaken:
            form.email.errors = [already_on_file(form.email.data)]
        else:
            db.session.commit()
            return done(
                _("Added: %(name)s.", name=name_of(client)),
                "clients/_list.html",
                location=url_for(".index"),
                added=client,
                form=ClientForm(formdata=None),
                **shown_list(),
            )
    if form.is_submitted():
        return invalid("clients/new.html", "clients/_new.html", form=form)
    return page_or_fragment("clients/new.html", "clients/_new.html", form=form)


@blueprint.get("/<int:client_id>")
def show(client_id: int) -> Response:
    client = own_client(client_id)
    return page_or_fragment(
        "clients/show.html",
        "clients/_row.html",
        client=client,
        letter=last_letters(db.session, [client]).get(client.id),
        is_focused=True,
        letters=paginate(
            letters_to(client),
            Sorting(Recipient.id, Recipient.id, is_descending=True),
            location=url_for(".show", client_id=client.id),
        ),
    )


@blueprint.route("/<int:client_id>/edit", methods=["GET", "POST"])
def edit(client_id: int) -> Response:
    client = own_client(client_id)
    form = ClientForm(obj=client)
    if form.validate_on_submit():
        try:
            change_client(
                db.session,
                client,
                form.email.data,
                form.full_name.data,
                form.comment.data,
                database_now(db.session),
            )
        except EmailTaken:
            form.email.errors = [already_on_file(form.email.data)]
        else:
            db.session.commit()
            return done(
                _("Saved: %(name)s.", name=name_of(client)),
                "clients/_row.html",
                location=url_for(".show", client_id=client.id),
                client=client,
                letter=last_letters(db.session, [client]).get(client.id),
                is_focused=True,
            )
    if form.is_submitted():
        return invalid("clients/edit.html", "clients/_row_form.html", form=form, client=client)
    return page_or_fragment("clients/edit.html", "clients/_row_form.html", form=form, client=client)


@blueprint.get("/<int:client_id>/delete")
def ask_delete(client_id: int) -> Response:
    client = own_client(client_id)
    return page_or_fragment(
        "clients/delete.html",
        "clients/_delete.html",
        client=client,
        dependents=dependents_of_client(db.session, client),
        is_from_list=is_shown(url_for(".index")),
    )


@blueprint.post("/<int:client_id>/delete")
def delete(client_id: int) -> Response:
    client, now = own_client(client_id), database_now(db.session)
    name = name_of(client)
    record(db.session, Action.DELETE, actor(), now, client)
    delete_client(db.session, client, now)
    db.session.commit()
    return done(_("Deleted: %(name)s.", name=name), "clients/_list.html", location=url_for(".index"), **shown_list())


def own_client(client_id: int) -> Client:
    client: Client = db.first_or_404(clients_of(current_user.id).where(Client.id == client_id))
    return client


def name_of(client: Client) -> str:
    return client.full_name or client.email


def already_on_file(email: str) -> str:
    """Says who has the address, with a link there."""
    client = client_with_email(db.session, current_user.id, email)
    if client is None:
        return str(_("This address was given to another client a moment ago. Send the form again."))
    link = Markup('<a class="text-reset" href="{}">{}</a>').format(
        url_for(".show", client_id=client.id), name_of(client)
    )
    return Markup(_("Already on file as %(client)s. Give another address.")) % {"client": link}
