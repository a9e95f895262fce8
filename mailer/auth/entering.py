"""Registration, login and logout."""

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user, login_user, logout_user
from werkzeug.wrappers import Response

from mailer.auth.forms import LoginForm, RegisterForm
from mailer.auth.letters import send_letters
from mailer.auth.limits import guarded_login, guarded_place, limited_registrations
from mailer.domain import accounts
from mailer.domain.accounts import has_accounts, user_with_email
from mailer.domain.audit import record
from mailer.domain.clock import database_now
from mailer.domain.errors import EmailTaken, RegistrationClosed
from mailer.domain.notices import write_notice
from mailer.domain.passwords import hash_password, is_outdated, is_password
from mailer.extensions import db
from mailer.models.audit import Action
from mailer.models.notices import NoticeKind
from mailer.models.users import Role, User
from mailer.web.access import own_page
from mailer.web.actor import actor, stranger
from mailer.web.limits import count_failure
from mailer.web.locale import language
from mailer.web.transactions import begin_to_write, begins_late


@begins_late
@limited_registrations
def register() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return redirect(url_for("home.index"), code=303)
    is_open = current_app.config["REGISTRATION"] == "open"
    # Whoever comes first may always register: somebody has to be admin.
    if not is_open and has_accounts(db.session):
        return render_template("auth/closed.html"), 403
    form = RegisterForm()
    if not form.is_submitted():
        return register_page(form)
    if not form.validate():
        return register_page(form), 422
    password_hash = hash_password(form.password.data)
    begin_to_write()
    now = database_now(db.session)
    try:
        user = accounts.register(db.session, form.email.data, password_hash, now, is_open=is_open)
    except RegistrationClosed:
        db.session.rollback()
        return render_template("auth/closed.html"), 403
    except EmailTaken:
        db.session.rollback()
        form.email.errors = [_("This address has an account already. Sign in with it.")]
        return register_page(form), 422
    # Letters have no browser to ask, so they go by the profile from the first one on.
    user.language = language()
    record(db.session, Action.REGISTER, actor(user), now, user)
    notice = write_notice(db.session, NoticeKind.CONFIRM_ADDRESS, user, now)
    db.session.commit()
    login_user(user)
    asked = _("A letter is on its way to %(email)s. Open its link to confirm the address.", email=user.email)
    flash(send_letters(asked, notice.id))
    if user.role is Role.ADMIN:
        flash(_("Yours is the first account, so you are the administrator."))
    return redirect(url_for("home.index"), code=303)


def register_page(form: RegisterForm) -> str:
    return render_template("auth/register.html", form=form, is_first=not has_accounts(db.session))


@begins_late
@guarded_place
@guarded_login
def login() -> ResponseReturnValue:
    wanted = own_page(request.args.get("next"), url_for("home.index"))
    if current_user.is_authenticated:
        return redirect(wanted, code=303)
    form = LoginForm()
    if not form.is_submitted():
        return render_template("auth/login.html", form=form)
    user = user_behind(form) if form.validate() else None
    if user is None:
        note_failure(form.email.data)
        form.password.errors = [_("Email and password do not match. Check them, or choose a new password.")]
        return render_template("auth/login.html", form=form), 422
    if not user.is_active:
        db.session.rollback()
        note_failure(form.email.data)
        form.password.errors = [_("This account is blocked. Ask the people who run this installation.")]
        return render_template("auth/login.html", form=form), 403
    record(db.session, Action.LOGIN, actor(user), database_now(db.session), user)
    db.session.commit()
    login_user(user, remember=form.remember.data)
    return redirect(wanted, code=303)


def user_behind(form: LoginForm) -> User | None:
    """The account whose address and password were typed, in a transaction that writes.

    An unknown address and a wrong password take the same time.
    """
    user, password = user_with_email(db.session, form.email.data), form.password.data or ""
    known_hash = user.password_hash if user else None
    # Nobody waits for us while we compute.
    db.session.rollback()
    if not is_password(known_hash, password) or known_hash is None:
        return None
    newer_hash = hash_password(password) if is_outdated(known_hash) else known_hash
    begin_to_write()
    user = user_with_email(db.session, form.email.data)
    if user is None or user.password_hash != known_hash:
        return None
    user.password_hash = newer_hash
    return user


def note_failure(email: str) -> None:
    """Count a login that failed, and write it down."""
    count_failure()
    begin_to_write()
    record(db.session, Action.LOGIN_FAILED, stranger(email), database_now(db.session))
    db.session.commit()


def logout() -> Response:
    record(db.session, Action.LOGOUT, actor(), database_now(db.session), current_user)
    db.session.commit()
    logout_user()
    return redirect(url_for("auth.login"), code=303)
