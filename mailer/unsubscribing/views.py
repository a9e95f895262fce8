"""The page behind the link in each letter: to be written to no more, and to take that back.

Whoever comes here has no account, and often is a mail program (RFC 8058). So nothing asks for a login, a cookie, a
CSRF token or JavaScript, nothing redirects, and what is posted is not even read: the link itself is the proof. A
GET changes nothing, because programs that look for viruses open every link.
"""

from flask import Blueprint, make_response, render_template, request
from werkzeug.wrappers import Response

from mailer.domain import unsubscribing
from mailer.domain.clock import database_now
from mailer.domain.unsubscribe_links import LINK_PATH
from mailer.extensions import csrf, db
from mailer.web.locale import speak_from_here_on

blueprint = Blueprint("unsubscribing", __name__, url_prefix=LINK_PATH.rstrip("/"))
csrf.exempt(blueprint)


@blueprint.before_request
def speak_as_asked() -> None:
    """The page's own links choose its language by their query, for no cookie is set here."""
    speak_from_here_on(request.args.get("language", ""))


@blueprint.get("/<token>")
def show(token: str) -> Response:
    return page(token)


@blueprint.post("/<token>")
def unsubscribe(token: str) -> Response:
    reader = unsubscribing.reader_of(db.session, token)
    if reader is not None:
        unsubscribing.unsubscribe(db.session, reader, database_now(db.session))
        db.session.commit()
    return page(token)


@blueprint.post("/<token>/back")
def take_back(token: str) -> Response:
    reader = unsubscribing.reader_of(db.session, token)
    if reader is not None:
        unsubscribing.take_back(db.session, reader, database_now(db.session))
        db.session.commit()
    return page(token, is_back=True)


def page(token: str, *, is_back: bool = False) -> Response:
    """How things stand; 404 for a link that was not made here."""
    reader = unsubscribing.reader_of(db.session, token)
    if reader is None:
        return make_response(render_template("unsubscribing/unknown.html"), 404)
    return make_response(render_template("unsubscribing/page.html", token=token, reader=reader, is_back=is_back))


@blueprint.after_request
def keep_to_itself(response: Response) -> Response:
    """The address of this page is a secret of its reader: no other site and no search engine shall learn it."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
