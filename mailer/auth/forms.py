"""The forms before the login."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, PasswordField, StringField, ValidationError

from mailer.web.fields import EmailField, stripped

LEAST_PASSWORD_LENGTH = 10
# Hashing takes time and memory that grow with the password; nobody types as much.
MOST_PASSWORD_LENGTH = 1000


class RegisterForm(FlaskForm):
    email = EmailField(_l("Email"))
    password = PasswordField(_l("Password"))
    password_confirm = PasswordField(_l("Password again"))

    def validate_password(self, field: PasswordField) -> None:
        length = len(field.data or "")
        if length < LEAST_PASSWORD_LENGTH:
            raise ValidationError(_("At least %(least)s characters are needed.", least=LEAST_PASSWORD_LENGTH))
        if length > MOST_PASSWORD_LENGTH:
            raise ValidationError(_("At most %(most)s characters are possible.", most=MOST_PASSWORD_LENGTH))

    def validate_password_confirm(self, field: PasswordField) -> None:
        if field.data != self.password.data:
            raise ValidationError(_("The two passwords differ. Type both again."))


class LoginForm(FlaskForm):
    # Whatever is typed is looked up: a malformed address gets the same answer as an unknown one.
    email = StringField(_l("Email"), filters=(stripped,))
    password = PasswordField(_l("Password"))
    remember = BooleanField(_l("Keep me signed in on this device"))
