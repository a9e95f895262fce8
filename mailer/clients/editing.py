"""Putting clients on file and changing them: in a row of the list, or on a page of its own."""

from flask import request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from markupsafe import Markup
from werkzeug.wrappers import Response

from mailer.clients.forms import ClientForm
from mailer.clients.lists import shown_list
from mailer.clients.own import name_of, own_client
from mailer.domain.clients import add_client, change_client, client_with_email, clients_of, last_letters
from mailer.domain.clock import database_now
from mailer.domain.errors import AddressErased, ChangedMeanwhile, EmailTaken
from mailer.extensions import db
from mailer.models.clients import Client
from mailer.web.htmx import done, invalid, outdated, page_or_fragment
from mailer.web.once import made_once
from mailer.web.problem_words import erased_words

PAGE, ROW_FORM = "clients/edit.html", "clients/_row_form.html"


def new() -> Response:
    form = ClientForm()
    if form.validate_on_submit():
        try:
            client = added(form)
        except EmailTaken:
            form.email.errors = [already_on_file(form.email.data)]
        except AddressErased:
            form.email.errors = [erased_words()]
        else:
            db.session.commit()
            return done(
                _("Added: %(name)s.", name=name_of(client)),
                "clients/_list.html",
                location=url_for("clients.index"),
                added=own_client(client.id),
                form=ClientForm(formdata=None),
                **shown_list(),
            )
    if form.is_submitted():
        return invalid("clients/new.html", "clients/_new.html", form=form)
    return page_or_fragment("clients/new.html", "clients/_new.html", form=form)


def added(form: ClientForm) -> Client:
    """The client whom the form puts on file, or has put there when it came before. Raises EmailTaken, AddressErased."""
    now = database_now(db.session)
    own = clients_of(current_user.id)
    return made_once(lambda: add_client(db.session, current_user.id, *form.texts, now), own, Client.id, now)


def edit(client_id: int) -> Response:
    client = own_client(client_id, is_locked=request.method == "POST")
    form = ClientForm(obj=client)
    if form.validate_on_submit():
        try:
            change_client(
                db.session, client, *form.texts, database_now(db.session), seen_at=form.updated_at.data
            )
        except EmailTaken:
            form.email.errors = [already_on_file(form.email.data)]
        except AddressErased:
            form.email.errors = [erased_words()]
        except ChangedMeanwhile:
            form.updated_at.data = client.updated_at
            return outdated(PAGE, ROW_FORM, form=form, client=client, differences=differences(form, client))
        else:
            db.session.commit()
            client = own_client(client_id)
            return done(
                _("Saved: %(name)s.", name=name_of(client)),
                "clients/_row.html",
                location=url_for("clients.show", client_id=client.id),
                client=client,
                letter=last_letters(db.session, [client]).get(client.id),
                is_focused=True,
            )
    if form.is_submitted():
        return invalid(PAGE, ROW_FORM, form=form, client=client)
    return page_or_fragment(PAGE, ROW_FORM, form=form, client=client)


def differences(form: ClientForm, client: Client) -> list[tuple[str, str]]:
    """Where what is on file is not what stands in the form."""
    fields = ((form.full_name, client.full_name), (form.email, client.email), (form.comment, client.comment))
    return [(field.label.text, saved) for field, saved in fields if field.data != saved]


def already_on_file(email: str) -> str:
    """Says who has the address, with a link there."""
    client = client_with_email(db.session, current_user.id, email)
    if client is None:
        return str(_("This address was given to another client a moment ago. Send the form again."))
    link = Markup('<a class="text-reset" href="{}">{}</a>').format(
        url_for("clients.show", client_id=client.id), name_of(client)
    )
    return Markup(_("Already on file as %(client)s. Give another address.")) % {"client": link}
