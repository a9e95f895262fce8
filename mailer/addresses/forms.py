"""Which address somebody asks about."""

from flask_babel import lazy_gettext as _l
from wtforms import Form

from mailer.web.fields import EmailField


class AddressForm(Form):
    email = EmailField(_l("Email"))
