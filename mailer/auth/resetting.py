"""A new password for somebody who has forgotten the old one, by a letter."""

from flask import current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import login_user

from mailer.auth.forms import AskResetForm, NewPasswordForm
from mailer.auth.letters import send_letters
from mailer.auth.limits import limited_resets, limited_resets_from_place
from mailer.domain.audit import record
from mailer.domain.clock import database_now
from mailer.domain.credentials import change_password
from mailer.domain.errors import LinkVoid
from mailer.domain.notices import ask_for_reset, is_same_address, notice_behind, use_link, write_notice
from mailer.domain.passwords import hash_password
from mailer.extensions import db
from mailer.models.audit import Action
from mailer.models.notices import Notice, NoticeKind
from mailer.models.users import User
from mailer.web.actor import actor, stranger
from mailer.web.transactions import begin_to_write, begins_late


@begins_late
@limited_resets_from_place
@limited_resets
def reset_password() -> ResponseReturnValue:
    """Ask for the letter. The answer, and the work for it, is the same whether or not the address has an account."""
    form = AskResetForm()
    if not form.is_submitted():
        return render_template("auth/reset_password.html", form=form)
    if not form.validate():
        return render_template("auth/reset_password.html", form=form), 422
    begin_to_write()
    now = database_now(db.session)
    notice = ask_for_reset(db.session, form.email.data, now)
    record(db.session, Action.RESET_ASKED, stranger(form.email.data), now)
    db.session.commit()
    flash(send_letters(_("Asked for a new password."), notice.id))
    return redirect(url_for("auth.reset_asked"), code=303)


def reset_asked() -> str:
    return render_template("auth/reset_asked.html")


@begins_late
def choose_password(token: str) -> ResponseReturnValue:
    """The page behind the letter's link."""
    try:
        user = db.session.get_one(User, notice_of(token).user_id)
    except LinkVoid:
        return link_is_void()
    form = NewPasswordForm(known=[user.email, user.full_name])
    if not form.is_submitted():
        return render_template("auth/choose_password.html", form=form, email=user.email)
    if not form.validate():
        return render_template("auth/choose_password.html", form=form, email=user.email), 422
    password_hash = hash_password(form.password.data)
    begin_to_write()
    try:
        notice = notice_of(token)
        use_link(db.session, notice, database_now(db.session))
    except LinkVoid:
        db.session.rollback()
        return link_is_void()
    return welcome(notice, password_hash)


def welcome(notice: Notice, password_hash: str) -> ResponseReturnValue:
    """The password is changed, and whoever has read the letter is signed in: the address is shown to be theirs."""
    now, user = database_now(db.session), db.session.get_one(User, notice.user_id)
    change_password(db.session, user, password_hash, now)
    if user.confirmed_at is None and is_same_address(user.email, notice.email):
        user.confirmed_at = now
    record(db.session, Action.RESET, actor(user), now, user)
    told = write_notice(db.session, NoticeKind.PASSWORD_CHANGED, user, now)
    db.session.commit()
    login_user(user)
    flash(send_letters(_("The new password counts, and you are signed in with it."), told.id))
    return redirect(url_for("home.index"), code=303)


def notice_of(token: str) -> Notice:
    """The letter whose link was followed. Raises LinkVoid."""
    now = database_now(db.session)
    return notice_behind(db.session, token, current_app.config["SECRET_KEY"], now, NoticeKind.RESET_PASSWORD)


def link_is_void() -> ResponseReturnValue:
    return render_template("auth/void_link.html"), 410
