"""The page of one message, as its recipients will read it; for htmx, the message's row."""

from typing import Any

from werkzeug.wrappers import Response

from mailer.messages.own import own_message
from mailer.messages.preview import letter_of
from mailer.web.htmx import page_or_fragment, wants_fragment
from mailer.web.once import new_form_name


def show(message_id: int) -> Response:
    message = own_message(message_id)
    context: dict[str, Any] = {"message": message, "is_focused": True}
    if not wants_fragment():
        context |= {"letter": letter_of(message.subject, message.body), "form_name": new_form_name()}
    return page_or_fragment("messages/show.html", "messages/_row.html", **context)
