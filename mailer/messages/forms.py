"""The form of a message."""

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import Field, ValidationError

from mailer.domain.messages import MAX_SUBJECT_LENGTH, forbidden_word_in
from mailer.web.fields import BodyField, SeenField, SingleLineField
from mailer.web.once import form_name_field


class MessageForm(FlaskForm):
    subject = SingleLineField(_l("Subject"), max_length=MAX_SUBJECT_LENGTH, is_required=True)
    body = BodyField(_l("Text"), is_required=True)
    updated_at = SeenField()
    form_name = form_name_field()

    def validate_subject(self, field: Field) -> None:
        refuse_forbidden_words(field.data)

    def validate_body(self, field: Field) -> None:
        refuse_forbidden_words(field.data)


def refuse_forbidden_words(text: str) -> None:
    word = forbidden_word_in(text, current_app.config["FORBIDDEN_WORDS"])
    if word is not None:
        raise ValidationError(_("The word “%(word)s” is forbidden here. Take it out.", word=word))
