"""Registration, login and logout."""

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user, login_user, logout_user
from werkzeug.wrappers import Response

from mailer.auth.forms import LoginForm, RegisterForm
from mailer.domain.accounts import has_accounts
from mailer.domain.accounts import register as add_account
from mailer.domain.accounts import user_with_password
from mailer.domain.clock import database_now
from mailer.domain.errors import EmailTaken, RegistrationClosed
from mailer.extensions import db
from mailer.web.access import own_page

blueprint = Blueprint("auth", __name__, url_prefix="/auth")


@blueprint.route("/register", methods=["GET", "POST"])
def register() -> Response | tuple[str, int] | str:
    if current_user.is_authenticated:
        return redirect(url_for("home.index"), code=303)
    is_open = current_app.config["REGISTRATION"] == "open"
    # Whoever comes first may always register: somebody has to be admin.
    if not is_open and has_accounts(db.session):
        return render_template("auth/closed.html"), 403
    form = RegisterForm()
    if not form.is_submitted():
        return render_template("auth/register.html", form=form)
    if form.validate():
        try:
            now = database_now(db.session)
            user = add_account(db.session, form.email.data, form.password.data, now, is_open=is_open)
        except RegistrationClosed:
            db.session.rollback()
            return render_template("auth/closed.html"), 403
        except EmailTaken:
            form.email.errors = [_("This address has an account already. Sign in with it.")]
        else:
            db.session.commit()
            login_user(user)
            return redirect(url_for("home.index"), code=303)
    return render_template("auth/register.html", form=form), 422


@blueprint.route("/login", methods=["GET", "POST"])
def login() -> Response | tuple[str, int] | str:
    wanted = own_page(request.args.get("next"), url_for("home.index"))
    if current_user.is_authenticated:
        return redirect(wanted, code=303)
    form = LoginForm()
    if not form.is_submitted():
        return render_template("auth/login.html", form=form)
    user = user_with_password(db.session, form.email.data, form.password.data or "") if form.validate() else None
    if user is None:
        form.password.errors = [_("Email and password do not match. Check them, and try again.")]
        return render_template("auth/login.html", form=form), 422
    if not login_user(user, remember=form.remember.data):
        form.password.errors = [_("This account is blocked. Ask the people who run this installation.")]
        return render_template("auth/login.html", form=form), 403
    return redirect(wanted, code=303)


@blueprint.post("/logout")
def logout() -> Response:
    logout_user()
    return redirect(url_for("auth.login"), code=303)
