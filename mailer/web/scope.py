"""Whose figures a page shows: one's own, or with `?scope=all` everybody's, which is for managers and admins."""

from flask import abort, request
from flask_login import current_user
from sqlalchemy import Select

from mailer.domain.booking import mailings_of
from mailer.domain.moderation import MODERATORS, mailings_of_all
from mailer.models.mailings import Mailing

EVERYBODY = "all"


def is_everybody_asked() -> bool:
    """Whether everybody's figures are asked for; to whoever may not see them they are not there (404)."""
    if request.args.get("scope") != EVERYBODY:
        return False
    if current_user.role not in MODERATORS:
        abort(404)
    return True


def mailings_in_scope(is_everybodys: bool) -> Select[Mailing]:
    """The mailings whose figures are shown."""
    return mailings_of_all() if is_everybodys else mailings_of(current_user.id)


def scope_query(is_everybodys: bool) -> dict[str, str]:
    """What carries the scope on to another page."""
    return {"scope": EVERYBODY} if is_everybodys else {}
