"""`flask create-user`: an account made by whoever runs the installation."""

import sys

import click
from flask.cli import with_appcontext
from flask_babel import gettext as _

from mailer.domain.accounts import register
from mailer.domain.addresses import AddressRefused, normal_address
from mailer.domain.audit import COMMAND_LINE, record
from mailer.domain.clock import database_now
from mailer.domain.errors import EmailTaken
from mailer.domain.passwords import hash_password
from mailer.extensions import db
from mailer.models.audit import Action
from mailer.models.transactions import begin_writing
from mailer.models.users import Role


@click.command("create-user")
@click.argument("email")
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    help="Without it the very first account becomes admin, and any other a user.",
)
@click.option(
    "--password-stdin",
    is_flag=True,
    required=True,
    expose_value=False,
    help="Read the password from the first line of stdin.",
)
@with_appcontext
def create_user(email: str, role: str | None) -> None:
    """Make an account. Whoever makes it answers for the address, so it counts as confirmed."""
    try:
        address = normal_address(email)
    except AddressRefused as error:
        raise click.ClickException(_("%(email)s is not a mail address.", email=email)) from error
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise click.ClickException(_("The password is empty."))
    password_hash = hash_password(password)
    begin_writing(db.session)
    now = database_now(db.session)
    try:
        chosen_role = Role(role) if role else None
        user = register(db.session, address, password_hash, now, chosen_role, is_confirmed=True)
    except EmailTaken:
        raise click.ClickException(_("%(email)s has an account already.", email=address)) from None
    record(db.session, Action.CREATE_USER, COMMAND_LINE, now, user, user.role)
    db.session.commit()
    click.echo(_("%(email)s can sign in now, as %(role)s.", email=user.email, role=user.role.value))
