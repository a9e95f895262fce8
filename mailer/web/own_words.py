"""What the program itself writes where no server's reply stands: it is kept in English, and read in any language."""

import re

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

OWN_WORDS = {
    "the server closed the connection": _l("the server closed the connection"),
    "the server's reply does not end": _l("the server’s reply does not end"),
    "the server wants a letter although it refused its recipient": _l(
        "the server wants a letter although it refused its recipient"
    ),
    "the worker was lost before the server answered": _l("the worker was lost before the server answered"),
    "the worker was stopped before the server answered": _l("the worker was stopped before the server answered"),
}
NO_REPLY = re.compile(r"no reply in (\d+) s")


def said(reply: str) -> str:
    """A reply as it is shown: a server's as it came, Mailer's own words in the visitor's language."""
    if silence := NO_REPLY.fullmatch(reply):
        return str(_("no reply in %(count)s s", count=silence[1]))
    return str(OWN_WORDS.get(reply, reply))
