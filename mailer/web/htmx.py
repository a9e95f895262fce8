"""The one module that knows htmx's headers. Views answer with its verbs and with nothing else.

htmx says in `HX-Request-Type` whether it wants a fragment ("partial") or a whole page ("full", also when it
restores history); a browser without JavaScript sends no such header and gets pages and redirects.
"""

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response


def wants_fragment() -> bool:
    """Whether this request asks for a piece of a page."""
    return request.headers.get("HX-Request-Type") == "partial"


def shown_query() -> dict[str, str]:
    """The query of the page that the visitor sees.

    A change made from a list comes by an address of its own; the list drawn anew after it keeps its search,
    its order and its place by what htmx says of the browser's address.
    """
    if request.method == "POST" and wants_fragment():
        return dict(parse_qsl(urlsplit(request.headers.get("HX-Current-URL", "")).query))
    return request.args.to_dict()


def is_shown(location: str) -> bool:
    """Whether the browser is on this page of ours, whatever its query, and asks for a piece of it."""
    return wants_fragment() and urlsplit(request.headers.get("HX-Current-URL", "")).path == location


def page_or_fragment(page: str, fragment: str, /, **context: Any) -> Response:
    """The page, or only its live piece, made of the same context."""
    return _vary(make_response(render_template(fragment if wants_fragment() else page, **context)))


def invalid(page: str, fragment: str, /, **context: Any) -> Response:
    """The form again with its errors (422), alone or within its page."""
    response = page_or_fragment(page, fragment, **context)
    response.status_code = 422
    return response


def outdated(page: str, fragment: str, /, **context: Any) -> Response:
    """The form again (409), because what it changes was saved elsewhere since it was opened."""
    response = page_or_fragment(page, fragment, **context)
    response.status_code = 409
    return response


def done(message: str, fragment: str | None = None, /, *, location: str, **context: Any) -> Response:
    """What was asked is done: the changed piece and a toast for htmx; a redirect and the same words otherwise.

    Without a fragment htmx removes its target, or goes to `location` when the caller uses `moved`.
    """
    if not wants_fragment():
        flash(message)
        return redirect(location, code=303)
    response = make_response(render_template(fragment, **context) if fragment else "")
    _show_toast(response, message)
    return _vary(response)


def moved(message: str, *, location: str) -> Response:
    """What was asked is done, and the place to be is another page."""
    flash(message)
    if not wants_fragment():
        return redirect(location, code=303)
    response = make_response("")
    response.headers["HX-Redirect"] = location
    return _vary(response)


def failed(status: int, message: str, /, **context: Any) -> Response:
    """An error: its page, or a toast, and nothing on the visitor's page changes."""
    if not wants_fragment():
        return _vary(make_response(render_template("error.html", status=status, **context), status))
    response = make_response("", status)
    response.headers["HX-Reswap"] = "none"
    _show_toast(response, message)
    return _vary(response)


def login_needed(location: str) -> Response:
    """Send an anonymous visitor to the login page, never a login page into a row."""
    if not wants_fragment():
        return redirect(location, code=303)
    response = make_response("", 401)
    response.headers["HX-Redirect"] = location
    return _vary(response)


def _show_toast(response: Response, message: str) -> None:
    # A header is ASCII: json.dumps escapes every other letter.
    response.headers["HX-Trigger"] = json.dumps({"toast": {"message": str(message)}})


def _vary(response: Response) -> Response:
    response.vary.add("HX-Request-Type")
    return response
