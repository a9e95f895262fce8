"""The words for an answer to a single letter, of which no attempt is kept."""

from dataclasses import dataclass

from flask_babel import gettext as _

from mailer.delivery.known_replies import cause_of
from mailer.web.cause_words import CAUSE_WORDS


@dataclass(frozen=True)
class ReplyWords:
    meaning: str
    to_do: str


def reply_words(code: int | None, reply: str) -> ReplyWords:
    """What it means, and what to do; of a reply that Mailer does not know, by its class."""
    if code is None:
        return ReplyWords(
            _("There was no connection to the mail server, or it broke."),
            _("Try again in a minute. If it stays so, an admin checks MAIL_SERVER and MAIL_PORT."),
        )
    cause = cause_of(code, reply)
    if cause is not None:
        meaning, to_do = CAUSE_WORDS[cause]
        return ReplyWords(str(meaning), str(to_do))
    if code < 500:
        return ReplyWords(_("The server asks for another try later."), _("Try again in some minutes."))
    return ReplyWords(
        _("The server refused the letter. Mailer does not know this reply, and goes by its class."),
        _("Show this reply to the people who run this installation."),
    )
