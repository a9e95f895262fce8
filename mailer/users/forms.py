"""The form of a role."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import RadioField, SelectChoice, ValidationError

from mailer.models.users import Role

ROLE_WORDS = {Role.USER: _l("User"), Role.MANAGER: _l("Manager"), Role.ADMIN: _l("Admin")}


class RoleForm(FlaskForm):
    role = RadioField(
        _l("Role"),
        choices=[SelectChoice(role.value, words) for role, words in ROLE_WORDS.items()],
        validate_choice=False,
    )

    def validate_role(self, field: RadioField) -> None:
        if field.data not in list(Role):
            raise ValidationError(_("Choose one of the three roles."))
