"""Showing that letters to an address arrive: the first one of an account, and each new one."""

from flask import current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from mailer.auth.letters import send_letters
from mailer.auth.limits import limited_letters
from mailer.domain import credentials
from mailer.domain.audit import record
from mailer.domain.clock import database_now
from mailer.domain.errors import EmailTaken, LinkVoid
from mailer.domain.notices import notice_behind, use_link, write_notice
from mailer.extensions import db
from mailer.models.audit import Action
from mailer.models.notices import Notice, NoticeKind
from mailer.models.users import User
from mailer.web.actor import actor
from mailer.web.transactions import begin_to_write, begins_late


def confirm_address(token: str) -> ResponseReturnValue:
    """The page behind the link: a button, because programs that look for malice open links too."""
    try:
        notice = notice_of(token)
    except LinkVoid:
        return render_template("auth/void_link.html"), 410
    return render_template("auth/confirm_address.html", email=notice.email)


def confirm_now(token: str) -> ResponseReturnValue:
    now = database_now(db.session)
    try:
        notice = notice_of(token)
        use_link(db.session, notice, now)
        user = db.session.get_one(User, notice.user_id)
        earlier = credentials.confirm_address(db.session, user, notice, now)
    except (LinkVoid, EmailTaken):
        db.session.rollback()
        return render_template("auth/void_link.html"), 410
    told = []
    if earlier != user.email:
        record(db.session, Action.EMAIL, actor(user), now, user, f"{earlier} → {user.email}")
        told = [write_notice(db.session, NoticeKind.ADDRESS_CHANGED, user, now, earlier)]
    db.session.commit()
    words = _("Confirmed: %(email)s.", email=user.email)
    flash(send_letters(words, *(notice.id for notice in told)))
    return redirect(url_for("auth.profile"), code=303)


def notice_of(token: str) -> Notice:
    """The letter whose link was followed. Raises LinkVoid."""
    now, key = database_now(db.session), current_app.config["SECRET_KEY"]
    return notice_behind(db.session, token, key, now, NoticeKind.CONFIRM_ADDRESS, NoticeKind.NEW_ADDRESS)


@begins_late
@limited_letters
def send_again() -> Response:
    """Another letter to the address that is not confirmed yet."""
    begin_to_write()
    if current_user.confirmed_at is None:
        notice = write_notice(db.session, NoticeKind.CONFIRM_ADDRESS, current_user, database_now(db.session))
        db.session.commit()
        flash(send_letters(_("A letter is on its way to %(email)s.", email=current_user.email), notice.id))
    return redirect(url_for("auth.profile"), code=303)
