"""The forms before the login, and those that ask for a password."""

import re
from collections.abc import Collection

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, PasswordField, StringField, ValidationError

from mailer.auth.strength_words import weakness_words
from mailer.domain.passwords import LEAST_LENGTH, MOST_LENGTH, weakness_of
from mailer.web.fields import EmailField, stripped


class NewPasswordForm(FlaskForm):
    """A new password, typed twice."""

    password = PasswordField(_l("Password"))
    password_confirm = PasswordField(_l("Password again"))

    def known_words(self) -> Collection[str]:
        """What a guesser knows of the password's owner."""
        return ()

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


class LoginForm(FlaskForm):
    # Whatever is typed is looked up: a malformed address gets the same answer as an unknown one.
    email = StringField(_l("Email"), filters=(stripped,))
    password = PasswordField(_l("Password"))
    remember = BooleanField(_l("Keep me signed in on this device"))


def words_in(*texts: str) -> list[str]:
    """The texts themselves, and the words that they are made of."""
    return [word for text in texts for word in (text, *re.split(r"[\W_]+", text)) if word]
