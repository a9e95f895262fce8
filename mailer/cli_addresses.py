"""`flask export-address` and `flask erase-address`: everything about one address, handed out or forgotten."""

import json

import click
from flask.cli import with_appcontext
from flask_babel import gettext as _
from sqlalchemy import select

from mailer.domain.accounts import user_with_email
from mailer.domain.addresses import AddressRefused, normal_address
from mailer.domain.audit import COMMAND_LINE, Thing, record
from mailer.domain.clock import database_now
from mailer.domain.dossiers import dossier_of
from mailer.domain.erasing import Erased, erase_address
from mailer.domain.errors import StillSending
from mailer.extensions import db
from mailer.models.audit import Action, ThingKind
from mailer.models.transactions import begin_writing
from mailer.models.users import User

owner_option = click.option("--owner", metavar="EMAIL", help="In what this account has; without it, in everybody’s.")


@click.command("export-address")
@click.argument("email")
@owner_option
@with_appcontext
def export_address(email: str, owner: str | None) -> None:
    """Print everything that is kept about EMAIL as JSON: a list with an entry for each owner who knows it."""
    address = _address(email)
    begin_writing(db.session)
    now = database_now(db.session)
    found = []
    for user in _owners(owner):
        dossier = dossier_of(db.session, user.id, address, now)
        if any(dossier[name] for name in ("client", "suppressions", "letters", "is_erased")):
            found.append({"owner": user.email, **dossier})
    record(db.session, Action.EXPORT, COMMAND_LINE, now, Thing(ThingKind.ADDRESS))
    db.session.commit()
    click.echo(json.dumps(found, ensure_ascii=False, indent=2))


@click.command("erase-address")
@click.argument("email")
@owner_option
@click.option("--yes", is_flag=True, help="Do not ask first.")
@with_appcontext
def erase_for_good(email: str, owner: str | None, yes: bool) -> None:
    """Erase EMAIL for good: clients, names and addresses in letters and replies, suppressions and the audit log.

    The figures stay, and so does a code by which the address is recognized, so that nobody writes to it again.
    """
    address = _address(email)
    owners = [user.id for user in _owners(owner)]
    if not yes:
        click.confirm(_("Erase %(email)s for good?", email=address), abort=True)
    db.session.rollback()
    erased = Erased()
    begin_writing(db.session)
    now = database_now(db.session)
    try:
        for owner_id in owners:
            erased += erase_address(db.session, owner_id, address, now)
    except StillSending:
        db.session.rollback()
        raise click.ClickException(
            _("A letter to this address is being handed over at this moment. Try again in a minute.")
        ) from None
    note = f"{erased.clients} clients, {erased.letters} letters, {erased.suppressions} suppressions"
    record(db.session, Action.ERASE, COMMAND_LINE, now, Thing(ThingKind.ADDRESS), note)
    db.session.commit()
    click.echo(
        _(
            "erased: %(clients)s clients, %(letters)s letters, %(suppressions)s suppressions, %(entries)s log lines",
            clients=erased.clients,
            letters=erased.letters,
            suppressions=erased.suppressions,
            entries=erased.entries,
        )
    )


def _address(email: str) -> str:
    try:
        return normal_address(email)
    except AddressRefused:
        raise click.ClickException(_("%(email)s is not a mail address.", email=email)) from None


def _owners(email: str | None) -> list[User]:
    if email is None:
        return list(db.session.scalars(select(User).order_by(User.id)))
    user = user_with_email(db.session, email)
    if user is None:
        raise click.ClickException(_("%(email)s has no account here.", email=email))
    return [user]
