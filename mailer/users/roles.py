"""Who is user, manager or admin. Admins decide it."""

from flask import abort, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from mailer.domain.accounts import change_role
from mailer.domain.audit import record
from mailer.domain.clock import database_now
from mailer.domain.errors import LastAdmin
from mailer.domain.moderation import MODERATORS
from mailer.extensions import db
from mailer.models.audit import Action
from mailer.models.users import Role, User
from mailer.users.forms import ROLE_WORDS, RoleForm
from mailer.users.lists import any_user, shown_list
from mailer.web.access import require_role
from mailer.web.actor import actor
from mailer.web.htmx import done, invalid, moved, page_or_fragment


@require_role(*MODERATORS)
def ask(user_id: int) -> Response:
    user = decided_user(user_id)
    form = RoleForm(formdata=None)
    form.role.data = user.role.value
    return question(user, form)


@require_role(*MODERATORS)
def change(user_id: int) -> Response:
    user, form = decided_user(user_id), RoleForm()
    if not form.validate():
        return question(user, form)
    earlier, role, name = user.role, Role(form.role.data), user.name
    if role is earlier:
        return listed(_("Nothing was changed: %(name)s has this role already.", name=name))
    try:
        change_role(db.session, user_id, role)
    except LastAdmin:
        db.session.rollback()
        form.role.errors = [_("This is the only admin. Make somebody else admin first.")]
        return question(any_user(user_id), form)
    record(db.session, Action.ROLE, actor(), database_now(db.session), user, f"{earlier} → {role}")
    db.session.commit()
    words = _("%(name)s is now: %(role)s.", name=name, role=ROLE_WORDS[role])
    if user_id == current_user.id and role is Role.USER:
        # The list is no longer for them.
        return moved(words, location=url_for("home.index"))
    return listed(words)


def decided_user(user_id: int) -> User:
    """The user whose role is asked about; 403 for a manager, who may see it only."""
    user = any_user(user_id)
    if current_user.role is not Role.ADMIN:
        abort(403)
    return user


def question(user: User, form: RoleForm) -> Response:
    """The three roles to choose from; again with what was wrong about the choice."""
    page, fragment = "users/role.html", "users/_role.html"
    context = {"user": user, "form": form, "role_words": ROLE_WORDS}
    if request.method == "POST":
        return invalid(page, fragment, **context)
    return page_or_fragment(page, fragment, **context)


def listed(words: str) -> Response:
    """The list as it is now, and what happened."""
    return done(words, "users/_list.html", location=url_for("users.index"), **shown_list())
