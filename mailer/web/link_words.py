"""Why no mailing may start while its links would not be https, in words for a page."""

from flask import current_app
from flask_babel import gettext as _

from mailer.delivery.links import are_links_refused


def links_refusal() -> str:
    """What is wrong and what to set; nothing where mailings may start."""
    if not are_links_refused(current_app.config):
        return ""
    return str(
        _(
            "No mailing can start: the links to unsubscribe would lead to %(url)s, and mail programs take them over "
            "https alone. Whoever runs this installation sets BASE_URL to its https address, or "
            "ALLOW_HTTP_LINKS=1, and restarts Mailer.",
            url=current_app.config["BASE_URL"],
        )
    )
