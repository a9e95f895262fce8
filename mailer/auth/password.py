"""A new password for somebody who knows the old one."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user, login_user

from mailer.auth.forms import ChangePasswordForm
from mailer.auth.letters import send_letters
from mailer.auth.limits import guarded_password
from mailer.auth.own import is_own_password, own_account_to_change
from mailer.domain import credentials
from mailer.domain.audit import record
from mailer.domain.clock import database_now
from mailer.domain.notices import write_notice
from mailer.domain.passwords import hash_password
from mailer.extensions import db
from mailer.models.audit import Action
from mailer.models.notices import NoticeKind
from mailer.web.actor import actor
from mailer.web.transactions import begins_late


@begins_late
@guarded_password
def change_password() -> ResponseReturnValue:
    form = ChangePasswordForm(known=[current_user.email, current_user.full_name])
    if not form.is_submitted():
        return render_template("auth/change_password.html", form=form)
    if form.validate() and not is_own_password(form.current_password.data or ""):
        form.current_password.errors = [_("This is not the password that you sign in with.")]
    if form.errors:
        return render_template("auth/change_password.html", form=form), 422
    password_hash = hash_password(form.password.data)
    user = own_account_to_change()
    now = database_now(db.session)
    credentials.change_password(db.session, user, password_hash, now)
    record(db.session, Action.PASSWORD, actor(user), now, user)
    told = write_notice(db.session, NoticeKind.PASSWORD_CHANGED, user, now)
    db.session.commit()
    # Every session has ended; this one begins anew, remembered if it was.
    login_user(user, remember="remember_token" in request.cookies)
    words = _("The new password counts. Wherever else you were signed in, you are signed out.")
    flash(send_letters(words, told.id))
    return redirect(url_for("auth.profile"), code=303)
