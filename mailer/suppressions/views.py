"""The addresses that an owner must not write to: who said so, and what the owner may take back."""

from io import BytesIO

from flask import Blueprint, abort, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from werkzeug.wrappers import Response

from mailer.domain.audit import Thing, record
from mailer.domain.clock import database_now
from mailer.domain.importing import NoEmailColumn
from mailer.domain.suppression_files import suppress_file
from mailer.domain.suppressions import OWNERS_REASONS, lift, suppress, suppressions_of
from mailer.extensions import db
from mailer.models.audit import Action, ThingKind
from mailer.models.clients import Suppression, SuppressionReason
from mailer.suppressions.forms import FileForm, LiftForm, SuppressForm
from mailer.web.actor import actor
from mailer.web.formats import number
from mailer.web.htmx import invalid, moved, page_or_fragment
from mailer.web.pagination import Sorting, paginate

blueprint = Blueprint("suppressions", __name__, url_prefix="/suppressions")

NEWEST_FIRST = Sorting(Suppression.id, Suppression.id, is_descending=True)


@blueprint.get("/")
def index() -> Response:
    search, is_lifted = request.args.get("q", ""), request.args.get("show") == "lifted"
    entries = suppressions_of(current_user.id, search, is_lifted=is_lifted)
    return page_or_fragment(
        "suppressions/index.html",
        "suppressions/_list.html",
        page=paginate(entries, NEWEST_FIRST, location=url_for(".index")),
        search=search,
        is_lifted=is_lifted,
        owners_reasons=OWNERS_REASONS,
    )


@blueprint.route("/new", methods=["GET", "POST"])
def new() -> Response:
    form = SuppressForm()
    if not form.is_submitted():
        return page_or_fragment("suppressions/new.html", "suppressions/_form.html", form=form)
    if not form.validate():
        return invalid("suppressions/new.html", "suppressions/_form.html", form=form)
    email, now = form.email.data, database_now(db.session)
    if suppress(db.session, current_user.id, email, SuppressionReason.BY_HAND, now):
        record(db.session, Action.SUPPRESS, actor(), now, Thing(ThingKind.SUPPRESSION, email))
        words = _("%(email)s is not written to any more.", email=email)
    else:
        words = _("%(email)s stands here already.", email=email)
    db.session.commit()
    return moved(words, location=url_for(".index"))


@blueprint.get("/<int:suppression_id>/lift")
def ask_lift(suppression_id: int) -> Response:
    entry = own_entry(suppression_id)
    return page_or_fragment("suppressions/lift.html", "suppressions/_lift.html", entry=entry, form=LiftForm())


@blueprint.post("/<int:suppression_id>/lift")
def lift_entry(suppression_id: int) -> Response:
    entry, form = own_entry(suppression_id), LiftForm()
    if not form.validate():
        return invalid("suppressions/lift.html", "suppressions/_lift.html", entry=entry, form=form)
    email, now = entry.email, database_now(db.session)
    if lift(db.session, entry, form.reason.data, now):
        record(db.session, Action.ALLOW, actor(), now, Thing(ThingKind.SUPPRESSION, email), form.reason.data)
    db.session.commit()
    return moved(_("%(email)s may be written to again.", email=email), location=url_for(".index"))


def own_entry(suppression_id: int) -> Suppression:
    """An entry of the owner's own making; 403 for one that only the person or the mail server could unsay."""
    own = suppressions_of(current_user.id).where(Suppression.id == suppression_id)
    entry: Suppression = db.first_or_404(own)
    if entry.reason not in OWNERS_REASONS:
        abort(403)
    return entry


@blueprint.route("/import", methods=["GET", "POST"])
def upload() -> Response:
    form = FileForm()
    if not form.is_submitted():
        return page_or_fragment("suppressions/import.html", "suppressions/_upload.html", form=form)
    if not form.validate():
        return invalid("suppressions/import.html", "suppressions/_upload.html", form=form)
    now = database_now(db.session)
    try:
        report = suppress_file(db.session, current_user.id, BytesIO(form.content), now)
    except NoEmailColumn:
        form.file.errors = [_("The first line names the columns, and none of them is “email”.")]
        return invalid("suppressions/import.html", "suppressions/_upload.html", form=form)
    record(db.session, Action.SUPPRESS, actor(), now, Thing(ThingKind.SUPPRESSION, form.file_name))
    db.session.commit()
    words = ngettext("Added %(count)s address.", "Added %(count)s addresses.", report.added, count=number(report.added))
    if not report.refused:
        return moved(words, location=url_for(".index"))
    return page_or_fragment("suppressions/imported.html", "suppressions/imported.html", report=report, words=words)
