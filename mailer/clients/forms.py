"""The form of a client."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm

from mailer.domain.clients import MAX_COMMENT_LENGTH, MAX_NAME_LENGTH
from mailer.web.fields import EmailField, SingleLineField


class ClientForm(FlaskForm):
    full_name = SingleLineField(_l("Full name"), max_length=MAX_NAME_LENGTH)
    email = EmailField(_l("Email"))
    comment = SingleLineField(_l("Comment"), max_length=MAX_COMMENT_LENGTH)
