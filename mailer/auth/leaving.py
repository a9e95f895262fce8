"""Deleting one's own account: it says what goes, and asks for the password."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user, logout_user

from mailer.auth.forms import DeleteAccountForm
from mailer.auth.limits import guarded_password
from mailer.auth.own import is_own_password, own_account_to_change
from mailer.delivery.bell import cancel_bookings
from mailer.domain import leaving
from mailer.domain.accounts import is_last_admin
from mailer.domain.audit import record
from mailer.domain.clock import database_now
from mailer.domain.errors import LastAdmin, StillSending
from mailer.domain.figures import client_figures_of, figures_of
from mailer.extensions import db
from mailer.models.audit import Action
from mailer.web.actor import actor
from mailer.web.transactions import begins_late


@begins_late
@guarded_password
def delete_account() -> ResponseReturnValue:
    form = DeleteAccountForm()
    if not form.is_submitted():
        return page(form), 200
    if not is_own_password(form.password.data or ""):
        form.password.errors = [_("This is not the password that you sign in with. Nothing was deleted.")]
        return page(form), 422
    user = own_account_to_change()
    # Before the deed, while there is somebody who does it.
    record(db.session, Action.ACCOUNT_DELETED, actor(user), database_now(db.session), user)
    try:
        booked = leaving.delete_account(db.session, user)
    except (LastAdmin, StillSending):
        # The page says which of the two it is.
        db.session.rollback()
        return page(form), 422
    db.session.commit()
    cancel_bookings(*booked)
    logout_user()
    flash(_("Your account is deleted, with everything in it."))
    return redirect(url_for("auth.login"), code=303)


def page(form: DeleteAccountForm) -> str:
    """What would go, or why nothing can."""
    figures = figures_of(db.session, current_user.id, database_now(db.session))
    return render_template(
        "auth/delete.html",
        form=form,
        figures=figures,
        clients=client_figures_of(db.session, current_user.id),
        is_last_admin=is_last_admin(db.session, current_user.id),
    )
