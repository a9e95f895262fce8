"""The list of users: searched, filtered by role and by who is blocked, a page at a time. For moderators."""

from typing import Any

from flask import url_for
from flask_login import current_user
from sqlalchemy import func
from werkzeug.wrappers import Response

from mailer.domain.moderation import MODERATORS, holdings_of, may_block, may_unblock, users
from mailer.extensions import db
from mailer.models.users import Role, User
from mailer.users.forms import ROLE_WORDS
from mailer.web.access import require_role
from mailer.web.htmx import page_or_fragment, shown_query
from mailer.web.pagination import Sorting, list_url, paginate, sorted_by

SORTINGS = {
    "newest": Sorting(User.id, User.id, is_descending=True),
    "email": Sorting(User.email_key, User.id),
}

# A filter beside those by role.
BLOCKED = "blocked"


@require_role(*MODERATORS)
def index() -> Response:
    return page_or_fragment("users/index.html", "users/_list.html", **shown_list())


def shown_list() -> dict[str, Any]:
    """What the list's templates show: the page of the users that the visitor sees."""
    location, query = url_for("users.index"), shown_query()
    search, wanted = query.get("q", ""), query.get("only", "")
    order = sorted_by(SORTINGS, default="newest", location=location)
    found, counts = users(search), counts_by_filter(search)
    if wanted in list(Role):
        found = found.where(User.role == Role(wanted))
    elif wanted == BLOCKED:
        found = found.where(User.blocked_at.is_not(None))
    else:
        wanted = ""
    page = paginate(found, order.sorting, location=location, total=counts[wanted])
    return {
        "page": page,
        "search": search,
        "wanted": wanted,
        "order": order,
        "counts": counts,
        "filter_urls": {name: list_url(location, query | {"only": name}) for name in ("", *Role, BLOCKED)},
        "holdings": holdings_of(db.session, [user.id for user in page.items]),
        "role_words": ROLE_WORDS,
        "may_block": lambda user: may_block(current_user, user),
        "may_unblock": lambda user: may_unblock(current_user, user),
    }


def counts_by_filter(search: str) -> dict[str, int]:
    """How many users each filter finds, in one query; the empty name is everybody."""
    columns = [func.count().filter(User.role == role) for role in Role]
    row = db.session.execute(
        users(search).with_only_columns(func.count(), *columns, func.count().filter(User.blocked_at.is_not(None)))
    ).one()
    return dict(zip(("", *Role, BLOCKED), row, strict=True))


def any_user(user_id: int) -> User:
    """The user with this id, read anew; 404 where there is none."""
    user: User = db.first_or_404(users().where(User.id == user_id).execution_options(populate_existing=True))
    return user
