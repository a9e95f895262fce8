"""The choice of a language, which is there on every page, for whoever is signed in and for whoever is not."""

from flask import abort, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from mailer.extensions import db
from mailer.web.access import own_page
from mailer.web.locale import LANGUAGES, keep


def choose_language() -> Response:
    """Keep it, in the profile too where there is one, and go back to the page."""
    chosen = request.form.get("language", "")
    if chosen not in LANGUAGES:
        abort(422)
    if current_user.is_authenticated:
        current_user.language = chosen
        db.session.commit()
    response = redirect(own_page(request.form.get("next"), url_for("home.index")), code=303)
    keep(response, chosen)
    return response
