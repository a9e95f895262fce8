"""What a user tells of themselves, and the page where they change it."""

from datetime import UTC, datetime

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from mailer.auth.choices import countries
from mailer.auth.forms import ProfileForm
from mailer.auth.letters import send_letters
from mailer.auth.limits import guarded_password
from mailer.auth.own import is_own_password, own_account_to_change
from mailer.domain.accounts import user_with_email
from mailer.domain.avatars import MIME_TYPE, NoPicture, PictureTooLarge, remove_avatar, set_avatar, square_of
from mailer.domain.clock import database_now
from mailer.domain.notices import awaited_address, is_same_address, void_links, write_notice
from mailer.domain.phones import shown_phone
from mailer.extensions import db
from mailer.models.notices import NoticeKind
from mailer.models.users import Avatar, User
from mailer.web.locale import LANGUAGES, keep, speak_from_here_on
from mailer.web.transactions import begins_late


def profile() -> str:
    return render_template(
        "auth/profile.html",
        user=current_user,
        awaited=awaited_address(db.session, current_user, datetime.now(UTC)),
        phone=shown_phone(current_user.phone) if current_user.phone else "",
        country=countries().get(current_user.country, ""),
        language_name=LANGUAGES.get(current_user.language, ""),
    )


@begins_late
@guarded_password
def edit_profile() -> ResponseReturnValue:
    form = ProfileForm(obj=current_user)
    if not form.is_submitted():
        return render_template("auth/profile_edit.html", form=form)
    square = drawn_anew(form) if form.validate() and may_change_address(form) else None
    if form.errors:
        return render_template("auth/profile_edit.html", form=form), 422
    user = own_account_to_change()
    is_language_chosen = form.language.data != user.language
    user.full_name, user.phone, user.country = form.full_name.data, form.phone.data, form.country.data
    user.time_zone, user.language = form.time_zone.data, form.language.data
    if square:
        set_avatar(db.session, user, square)
    elif form.remove_avatar.data:
        remove_avatar(db.session, user)
    asked_for = ask_for_address(user, form.email.data)
    db.session.commit()
    speak_from_here_on(user.language)
    if asked_for is None:
        flash(_("Saved."))
    else:
        words = _("Saved. The new address counts from the link on that is on its way to %(email)s.", email=asked_for[1])
        flash(send_letters(words, asked_for[0]))
    response = redirect(url_for("auth.profile"), code=303)
    if is_language_chosen:
        keep(response, user.language)
    return response


def drawn_anew(form: ProfileForm) -> bytes | None:
    """The uploaded picture as it will be kept; without one None, and the reason is at the field."""
    file = form.avatar.data
    if not file:
        return None
    try:
        return square_of(file.read())
    except PictureTooLarge:
        form.avatar.errors = [_("This picture is too large. At most 5 MB and 25 million pixels are possible.")]
    except NoPicture:
        form.avatar.errors = [_("This is no picture that can be read. A PNG, a JPEG or a WebP is needed.")]
    return None


def may_change_address(form: ProfileForm) -> bool:
    """Whether the address stays, or the password was given, for whoever reads the mail can choose a new password."""
    if is_same_address(form.email.data, current_user.email):
        return True
    if user_with_email(db.session, form.email.data) is not None:
        form.email.errors = [_("This address belongs to another account.")]
    elif not is_own_password(form.current_password.data or ""):
        form.current_password.errors = [_("To change the address, type the password that you sign in with.")]
    return not form.errors


def ask_for_address(user: User, email: str) -> tuple[int, str] | None:
    """Write to a new address; it counts when the letter's link has been followed. The letter's number and address."""
    if is_same_address(email, user.email):
        return None
    now = database_now(db.session)
    void_links(db.session, user, now, NoticeKind.NEW_ADDRESS)
    return write_notice(db.session, NoticeKind.NEW_ADDRESS, user, now, email).id, email


def avatar() -> Response:
    """The visitor's own picture. It is asked for anew each time, and sent only when it has changed."""
    picture = db.get_or_404(Avatar, current_user.id)
    answer = Response(picture.image, mimetype=MIME_TYPE)
    answer.set_etag(current_user.avatar_digest)
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.make_conditional(request)
    return answer
