"""The list of messages: searched, sorted, a page at a time, with the beginning of each text."""

from typing import Any

from flask import url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from mailer.domain.messages import outlines_of
from mailer.models.messages import Message
from mailer.web.htmx import page_or_fragment, shown_query
from mailer.web.pagination import Sorting, paginate, sorted_by

# Each walks along an index of the table.
SORTINGS = {
    "newest": Sorting(Message.id, Message.id, is_descending=True),
    "subject": Sorting(Message.subject_key, Message.id),
    "changed": Sorting(Message.updated_at, Message.id, is_descending=True),
}


def index() -> Response:
    return page_or_fragment("messages/index.html", "messages/_list.html", **shown_list())


def shown_list() -> dict[str, Any]:
    """What the list's templates show: the page of the messages that the visitor sees."""
    location = url_for("messages.index")
    search = shown_query().get("q", "")
    order = sorted_by(SORTINGS, default="newest", location=location)
    page = paginate(outlines_of(current_user.id, search), order.sorting, location=location)
    return {"page": page, "search": search, "order": order}
