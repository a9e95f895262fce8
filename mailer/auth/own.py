"""The visitor's own account, for the views that change it after something slow."""

from flask import abort, session, url_for
from flask_login import current_user

from mailer.domain.accounts import user_of_session
from mailer.domain.passwords import is_password
from mailer.extensions import db
from mailer.models.users import User
from mailer.web.htmx import login_needed
from mailer.web.limits import count_failure
from mailer.web.transactions import begin_to_write


def is_own_password(password: str) -> bool:
    """Whether this is the visitor's password; a wrong one counts as a failed try. No transaction is open meanwhile."""
    known_hash = str(current_user.password_hash)
    db.session.rollback()
    is_right = is_password(known_hash, password)
    if not is_right:
        count_failure()
    return is_right


def own_account_to_change() -> User:
    """The account in a transaction that writes. Whose session has ended meanwhile is sent to the login."""
    begin_to_write()
    user = user_of_session(db.session, session.get("_user_id", ""))
    if user is None:
        abort(login_needed(url_for("auth.login")))
    return user
