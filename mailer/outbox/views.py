"""The outbox: the letters that this machine caught instead of sending them. For admins."""

from flask import Blueprint, abort, current_app, render_template, url_for
from werkzeug.wrappers import Response

from mailer.embedded.outbox_store import StoredLetter, count_letters
from mailer.embedded.outbox_store import letter as stored_letter
from mailer.embedded.outbox_store import list_letters, open_outbox
from mailer.models.users import Role
from mailer.outbox.letters import headers_of, html_of, letter_in, text_of
from mailer.web.access import require_role
from mailer.web.htmx import page_or_fragment, shown_query
from mailer.web.ids import ids_among
from mailer.web.pagination import PAGE_SIZE, list_url

blueprint = Blueprint("outbox", __name__, url_prefix="/outbox")

# A letter's HTML is a stranger's: it may run nothing, load nothing, and be shown in our own page only.
LETTER_POLICY = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'"


@blueprint.get("/")
@require_role(Role.ADMIN)
def index() -> Response:
    location, query = url_for(".index"), shown_query()
    search = query.get("q", "").strip()
    before_id = next(iter(ids_among([query.get("before", "")])), None)
    with open_outbox(current_app.config["DATA_DIR"]) as outbox:
        # One more than a page tells whether there is a next one.
        letters = list_letters(outbox, before_id=before_id, limit=PAGE_SIZE + 1, search=search)
        total = count_letters(outbox, search)
    shown = letters[:PAGE_SIZE]
    return page_or_fragment(
        "outbox/index.html",
        "outbox/_list.html",
        letters=shown,
        total=total,
        search=search,
        newest_url=list_url(location, query) if before_id else None,
        older_url=list_url(location, query, before=str(shown[-1].id)) if len(letters) > PAGE_SIZE else None,
    )


@blueprint.get("/<int:letter_id>")
@require_role(Role.ADMIN)
def show(letter_id: int) -> str:
    stored = caught(letter_id)
    letter = letter_in(stored.raw)
    return render_template(
        "outbox/show.html",
        stored=stored,
        headers=headers_of(letter),
        text=text_of(letter),
        has_html=html_of(letter) is not None,
    )


@blueprint.get("/<int:letter_id>/html")
@require_role(Role.ADMIN)
def html(letter_id: int) -> Response:
    """The letter's HTML as a page of its own, for the frame."""
    text = html_of(letter_in(caught(letter_id).raw))
    if text is None:
        abort(404)
    return Response(text, mimetype="text/html", headers={"Content-Security-Policy": LETTER_POLICY})


@blueprint.get("/<int:letter_id>/raw")
@require_role(Role.ADMIN)
def raw(letter_id: int) -> Response:
    """The letter as it came over the wire."""
    return Response(caught(letter_id).raw, mimetype="text/plain")


def caught(letter_id: int) -> StoredLetter:
    with open_outbox(current_app.config["DATA_DIR"]) as outbox:
        letter = stored_letter(outbox, letter_id)
    if letter is None:
        abort(404)
    return letter
