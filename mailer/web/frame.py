"""What stands around every page: the places of the side bar, and the account that mail leaves through."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import current_app, g, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from mailer.domain.books import Books
from mailer.domain.holds import holds_on_account
from mailer.domain.moderation import MODERATORS
from mailer.extensions import db
from mailer.models.lanes import Hold
from mailer.models.users import Role


@dataclass(frozen=True)
class Place:
    """A page that the side bar leads to."""

    endpoint: str
    label: str
    icon: str
    roles: Collection[Role] = tuple(Role)
    # Another place has the rest of this one's blueprint.
    is_single_page: bool = False

    @property
    def is_current(self) -> bool:
        """Whether the page that is shown belongs to this place."""
        if "place" in g:
            return bool(g.place == self.endpoint)
        if self.is_single_page or request.endpoint in SINGLE_PAGES:
            return request.endpoint == self.endpoint
        return (request.blueprint or "") == self.endpoint.partition(".")[0]


ADMINS = (Role.ADMIN,)

# The first group is also the bar at the bottom of a phone.
PLACES = (
    (
        Place("home.index", _l("Home"), "house"),
        Place("mailings.index", _l("Mailings"), "send"),
        Place("messages.index", _l("Messages"), "envelope-paper"),
        Place("clients.index", _l("Clients"), "people"),
    ),
    (
        Place("suppressions.index", _l("Suppressions"), "slash-circle"),
        Place("attempts.index", _l("Attempts"), "list-check"),
        Place("reports.index", _l("Reports"), "bar-chart"),
    ),
    (
        Place("mailings.everybodys", _l("All mailings"), "send", MODERATORS, is_single_page=True),
        Place("users.index", _l("Users"), "person-badge", MODERATORS),
    ),
    (
        Place("audit.index", _l("Audit log"), "journal-text", ADMINS),
        Place("outbox.index", _l("Outbox"), "inbox", ADMINS),
        Place("rq_dashboard.queues_overview", _l("Queues"), "cpu", ADMINS),
    ),
)

SINGLE_PAGES = frozenset(place.endpoint for group in PLACES for place in group if place.is_single_page)

# What the page before the login shows of the product.
EXAMPLE_BOOKS = Books(accepted=1862, failed=11, unknown=1, suppressed=25)


@dataclass(frozen=True)
class Account:
    """The account box: where mail leaves through, and what stops it."""

    name: str
    holds: list[Hold]


def belongs_to(endpoint: str) -> None:
    """Say that this page belongs to another place than its address tells."""
    g.place = endpoint


def account_holds() -> list[Hold]:
    """What stops all mail; pages that show it and their frame ask the database once."""
    if "account_holds" not in g:
        g.account_holds = holds_on_account(db.session, datetime.now(UTC))
    holds: list[Hold] = g.account_holds
    return holds


class Frame:
    """Read by base.html; each part is made only when it is drawn, so that a fragment costs nothing."""

    @property
    def places(self) -> list[list[Place]]:
        """The groups of places that exist here and are open to this user."""
        groups = [
            [
                place
                for place in group
                if place.endpoint in current_app.view_functions and current_user.role in place.roles
            ]
            for group in PLACES
        ]
        return [group for group in groups if group]

    @property
    def account(self) -> Account:
        is_caught = current_app.config["IS_OUTBOX_USED"]
        name = _("Outbox on this machine") if is_caught else current_app.config["MAIL_SERVER"]
        return Account(name=name, holds=account_holds())
