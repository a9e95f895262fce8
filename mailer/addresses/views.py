"""One address in everything that an owner has: looked up, exported as a file, and erased for good."""

import json
from typing import Any

from flask import Blueprint, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from mailer.addresses.forms import AddressForm
from mailer.domain.audit import Thing, record
from mailer.domain.clock import database_now
from mailer.domain.dossiers import dossier_of, traces_of
from mailer.domain.erasing import erase_address
from mailer.domain.errors import StillSending
from mailer.extensions import db
from mailer.models.audit import Action, ThingKind
from mailer.models.transactions import begin_writing
from mailer.web.actor import actor
from mailer.web.htmx import invalid, moved, page_or_fragment

blueprint = Blueprint("addresses", __name__, url_prefix="/addresses")

ONE_ADDRESS = Thing(ThingKind.ADDRESS)
PAGE, REGION = "addresses/index.html", "addresses/_address.html"
QUESTION_PAGE, QUESTION = "addresses/erase.html", "addresses/_erase.html"


@blueprint.get("/")
def index() -> Response:
    form = AddressForm(request.args)
    if "email" not in request.args:
        return page_or_fragment(PAGE, REGION, form=form, traces=None)
    if not form.validate():
        return invalid(PAGE, REGION, form=form, traces=None)
    return page_or_fragment(PAGE, REGION, form=form, traces=traces_of(db.session, current_user.id, form.email.data))


@blueprint.get("/export")
def export() -> Response:
    form = AddressForm(request.args)
    if not form.validate():
        return invalid(PAGE, REGION, form=form, traces=None)
    owner_id, who = current_user.id, actor()
    # This request has read already, and on SQLite what has read cannot become one that writes.
    db.session.rollback()
    with Session(db.engine) as session:
        begin_writing(session)
        now = database_now(session)
        dossier = dossier_of(session, owner_id, form.email.data, now)
        record(session, Action.EXPORT, who, now, ONE_ADDRESS)
        session.commit()
    response = Response(json.dumps(dossier, ensure_ascii=False, indent=2), mimetype="application/json")
    response.headers["Content-Disposition"] = "attachment; filename=address.json"
    return response


@blueprint.get("/erase")
def ask_erase() -> Response:
    form = AddressForm(request.args)
    if not form.validate():
        return invalid(PAGE, REGION, form=form, traces=None)
    return page_or_fragment(QUESTION_PAGE, QUESTION, **question(form.email.data))


@blueprint.post("/erase")
def erase() -> Response:
    form = AddressForm(MultiDict({"email": request.form.get("email", "")}))
    if not form.validate():
        return invalid(PAGE, REGION, form=form, traces=None)
    email = form.email.data
    if request.form.get("typed", "").strip().casefold() != email.casefold():
        return invalid(QUESTION_PAGE, QUESTION, **question(email, _("Type the address as it stands here.")))
    now = database_now(db.session)
    try:
        erased = erase_address(db.session, current_user.id, email, now)
    except StillSending:
        db.session.rollback()
        words = _("A letter to this address is being handed over at this moment. Try again in a minute.")
        return invalid(QUESTION_PAGE, QUESTION, **question(email, words))
    note = f"{erased.clients} clients, {erased.letters} letters, {erased.suppressions} suppressions"
    record(db.session, Action.ERASE, actor(), now, ONE_ADDRESS, note)
    db.session.commit()
    return moved(_("The address is erased, and is never written to again."), location=url_for("suppressions.index"))


def question(email: str, error: str = "") -> dict[str, Any]:
    return {"email": email, "traces": traces_of(db.session, current_user.id, email), "error": error}
