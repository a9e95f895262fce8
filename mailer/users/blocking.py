"""Blocking users and letting them in again. For moderators, and only those whom their role reaches to."""

from flask import abort, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from mailer.domain.audit import record
from mailer.domain.clock import database_now
from mailer.domain.errors import AlreadyBlocked, NotBlocked, RoleTooHigh
from mailer.domain.moderation import MODERATORS, block_user, count_unfinished_mailings, may_block, unblock_user
from mailer.extensions import db
from mailer.models.audit import Action
from mailer.models.users import User
from mailer.users.lists import any_user, shown_list
from mailer.web.access import require_role
from mailer.web.actor import actor
from mailer.web.htmx import done, invalid, page_or_fragment
from mailer.web.reasons import ReasonForm, RequiredReasonForm


@require_role(*MODERATORS)
def ask_block(user_id: int) -> Response:
    user = any_user(user_id)
    if not may_block(current_user, user):
        abort(403)
    return question(user, RequiredReasonForm(formdata=None))


@require_role(*MODERATORS)
def block(user_id: int) -> Response:
    user, form = any_user(user_id), RequiredReasonForm()
    if not may_block(current_user, user):
        abort(403)
    if not form.validate():
        return question(user, form)
    now, reason = database_now(db.session), form.reason.data
    try:
        block_user(db.session, user_id, current_user, reason, now)
    except RoleTooHigh:
        abort(403)
    except AlreadyBlocked:
        return listed(_("%(name)s is blocked already.", name=user.name))
    record(db.session, Action.BLOCK, actor(), now, user, reason)
    db.session.commit()
    return listed(_("Blocked: %(name)s. What had not begun is held.", name=user.name))


@require_role(*MODERATORS)
def unblock(user_id: int) -> Response:
    user, form = any_user(user_id), ReasonForm()
    try:
        unblock_user(db.session, user_id, current_user)
    except RoleTooHigh:
        abort(403)
    except NotBlocked:
        return listed(_("%(name)s is not blocked.", name=user.name))
    reason = form.reason.data if form.validate() else ""
    record(db.session, Action.UNBLOCK, actor(), database_now(db.session), user, reason)
    db.session.commit()
    return listed(_("Unblocked: %(name)s. Each mailing stays held until its owner resumes it.", name=user.name))


def question(user: User, form: RequiredReasonForm) -> Response:
    """The question before a user is blocked; again with what was wrong about the reason."""
    page, fragment = "users/block.html", "users/_block.html"
    context = {"user": user, "form": form, "mailings": count_unfinished_mailings(db.session, user.id)}
    if request.method == "POST":
        return invalid(page, fragment, **context)
    return page_or_fragment(page, fragment, **context)


def listed(words: str) -> Response:
    """The list as it is now, and what happened."""
    return done(words, "users/_list.html", location=url_for("users.index"), **shown_list())
