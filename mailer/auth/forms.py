"""The forms before the login, and those that ask for a password."""

import re
from collections.abc import Collection, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import BooleanField, PasswordField, SelectField, StringField, ValidationError

from mailer.auth.choices import countries, languages, time_zones
from mailer.auth.strength_words import weakness_words
from mailer.domain.passwords import LEAST_LENGTH, MOST_LENGTH, weakness_of
from mailer.domain.phones import PhoneRefused, normal_phone
from mailer.web.fields import EmailField, SingleLineField, stripped


class NewPasswordForm(FlaskForm):
    """A new password, typed twice."""

    password = PasswordField(_l("Password"))
    password_confirm = PasswordField(_l("Password again"))

    def __init__(self, *arguments: Any, known: Sequence[str] = (), **options: Any) -> None:
        """`known`: what a guesser knows of the password's owner."""
        self.known = known
        super().__init__(*arguments, **options)

    def known_words(self) -> Collection[str]:
        return words_in(*self.known)

    def validate_password(self, field: PasswordField) -> None:
        password = field.data or ""
        if len(password) < LEAST_LENGTH:
            raise ValidationError(_("At least %(least)s characters are needed.", least=LEAST_LENGTH))
        if len(password) > MOST_LENGTH:
            raise ValidationError(_("At most %(most)s characters are possible.", most=MOST_LENGTH))
        weakness = weakness_of(password, ["mailer", *self.known_words()])
        if weakness is not None:
            raise ValidationError(weakness_words(weakness))

    def validate_password_confirm(self, field: PasswordField) -> None:
        if field.data != self.password.data:
            raise ValidationError(_("The two passwords differ. Type both again."))


class RegisterForm(NewPasswordForm):
    email = EmailField(_l("Email"))

    def known_words(self) -> Collection[str]:
        return words_in(self.email.data)


class AskResetForm(FlaskForm):
    email = EmailField(_l("Email"))


class LoginForm(FlaskForm):
    # Whatever is typed is looked up: a malformed address gets the same answer as an unknown one.
    email = StringField(_l("Email"), filters=(stripped,))
    password = PasswordField(_l("Password"))
    remember = BooleanField(_l("Keep me signed in on this device"))


def words_in(*texts: str) -> list[str]:
    """The texts themselves, and the words that they are made of."""
    return [word for text in texts for word in (text, *re.split(r"[\W_]+", text)) if word]


class ChangePasswordForm(NewPasswordForm):
    current_password = PasswordField(_l("Current password"))
    password = PasswordField(_l("New password"))
    password_confirm = PasswordField(_l("New password again"))


class DeleteAccountForm(FlaskForm):
    password = PasswordField(_l("Password"))


class ProfileForm(FlaskForm):
    full_name = SingleLineField(_l("Full name"), max_length=200)
    email = EmailField(_l("Email"))
    current_password = PasswordField(_l("Password"))
    country = SelectField(_l("Country"))
    phone = StringField(_l("Phone"), filters=(stripped,))
    time_zone = SelectField(_l("Time zone"))
    language = SelectField(_l("Language"))
    avatar = FileField(_l("Picture"))
    remove_avatar = BooleanField(_l("Take the picture away"))

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.country.choices = [("", _("None")), *countries().items()]
        self.language.choices = list(languages().items())
        # A zone that this machine's list has lost stays what it is until another one is chosen.
        zones = {self.time_zone.object_data or "UTC": self.time_zone.object_data or "UTC"} | time_zones()
        self.time_zone.choices = list(zones.items())

    def validate_phone(self, field: StringField) -> None:
        if field.data:
            try:
                field.data = normal_phone(field.data, self.country.data or "")
            except PhoneRefused as error:
                raise ValidationError(
                    _("This is no phone number. Begin with + and the country, as in +7 916 123-45-67.")
                ) from error
