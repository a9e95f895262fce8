"""Putting the clients of a file on file: uploaded here, worked through by a worker, reported line by line."""

from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from mailer.clients.forms import UploadForm
from mailer.delivery.bell import redis_answers, ring_import
from mailer.domain.audit import Thing, record
from mailer.domain.clock import database_now
from mailer.domain.imports import MOST_PROBLEMS, count_open_imports, imports_of, keep_upload, refused_lines
from mailer.extensions import db
from mailer.models.audit import Action, ThingKind
from mailer.models.imports import ClientImport
from mailer.web.actor import actor
from mailer.web.htmx import invalid, moved, page_or_fragment

# Of the earlier uploads so many are listed.
LATEST = 5
# One after the other: a file that waits holds its megabytes in the database.
MOST_OPEN = 3
SECONDS_BETWEEN_LOOKS = 1


def upload() -> Response:
    form = UploadForm()
    if form.validate_on_submit():
        if count_open_imports(db.session, current_user.id) < MOST_OPEN:
            return kept(form)
        form.file.errors = [_("Files that you have uploaded are still being worked through. Wait until one is done.")]
    if form.is_submitted():
        return invalid("clients/import.html", "clients/_upload.html", **around(form))
    return page_or_fragment("clients/import.html", "clients/_upload.html", **around(form))


def kept(form: UploadForm) -> Response:
    now = database_now(db.session)
    saved = keep_upload(db.session, current_user.id, form.file_name, form.content, now)
    record(db.session, Action.IMPORT, actor(), now, Thing(ThingKind.CLIENTS, saved.file_name, saved.id))
    db.session.commit()
    is_heard = ring_import(saved.id)
    words = _("Uploaded.") if is_heard else _("Uploaded. Redis does not answer, so it waits until that is back.")
    return moved(words, location=url_for("clients.show_import", import_id=saved.id))


def around(form: UploadForm) -> dict[str, Any]:
    latest = imports_of(current_user.id).order_by(ClientImport.id.desc()).limit(LATEST)
    return {"form": form, "imports": db.session.scalars(latest).all()}


def show(import_id: int) -> Response:
    own = imports_of(current_user.id).where(ClientImport.id == import_id)
    report: ClientImport = db.first_or_404(own)
    is_done = report.completed_at is not None
    return page_or_fragment(
        "clients/show_import.html",
        "clients/_import.html",
        report=report,
        lines=refused_lines(report),
        most_lines=MOST_PROBLEMS,
        poll_seconds=None if is_done else SECONDS_BETWEEN_LOOKS,
        poll_url=request.path,
        is_redis_away=not is_done and not redis_answers(),
    )
