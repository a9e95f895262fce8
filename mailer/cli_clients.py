"""`flask import-clients`: clients from a CSV file, streamed."""

import sys
from pathlib import Path
from typing import BinaryIO

import click
from flask.cli import with_appcontext
from flask_babel import gettext as _

from mailer.domain import importing
from mailer.domain.accounts import user_with_email
from mailer.domain.audit import COMMAND_LINE, Thing, record
from mailer.domain.clock import database_now
from mailer.domain.importing import Batch, NoEmailColumn
from mailer.extensions import db
from mailer.models.audit import Action, ThingKind
from mailer.models.transactions import begin_writing
from mailer.web.problem_words import problem_words


@click.command("import-clients")
@click.argument("path", metavar="FILE.csv", type=click.Path(path_type=Path))
@click.option("--owner", required=True, metavar="EMAIL", help="Whose clients they become.")
@with_appcontext
def import_clients(path: Path, owner: str) -> None:
    """Put the clients of FILE.csv on file: email, full_name and comment, with a header or in this order.

    Addresses that are on file already are updated. Lines that cannot be taken are named, and the others go in.
    """
    user = user_with_email(db.session, owner)
    if user is None:
        raise click.ClickException(_("%(email)s has no account here.", email=owner))
    # The account is read in a transaction of its own: each batch begins one that writes.
    owner_id, owner_email = user.id, user.email
    db.session.rollback()
    try:
        with path.open("rb") as file:
            total = _import(owner_id, file, path.stat().st_size)
    except OSError as error:
        raise click.ClickException(
            _("%(path)s cannot be read: %(reason)s.", path=path, reason=error.strerror)
        ) from None
    except NoEmailColumn:
        raise click.ClickException(_("%(path)s has a header without the column “email”.", path=path)) from None
    _record(owner_email, total)
    click.echo(
        _(
            "added %(added)s, updated %(updated)s, refused %(refused)s",
            added=total.added,
            updated=total.updated,
            refused=total.refused,
        )
    )


class Total:
    """The figures of all batches."""

    def __init__(self) -> None:
        self.added = self.updated = self.refused = 0

    def count(self, batch: Batch) -> None:
        self.added += batch.added
        self.updated += batch.updated
        self.refused += len(batch.refused)


def _import(owner_id: int, file: BinaryIO, size: int) -> Total:
    total, read = Total(), 0
    # The bar goes to the terminal's other stream, so that the report can be kept in a file.
    with click.progressbar(length=size, label=_("Importing"), file=sys.stderr) as bar:
        batches = importing.import_clients(db.session, owner_id, file, database_now(db.session))
        db.session.rollback()
        while True:
            begin_writing(db.session)
            batch = next(batches, None)
            db.session.commit()
            if batch is None:
                break
            total.count(batch)
            for line in batch.refused:
                click.echo(_("line %(number)s: %(reason)s", number=line.number, reason=problem_words(line.problem)))
            bar.update(file.tell() - read)
            read = file.tell()
        bar.update(size - read)
    return total


def _record(owner: str, total: Total) -> None:
    begin_writing(db.session)
    note = f"{total.added} added, {total.updated} updated, {total.refused} refused"
    record(db.session, Action.IMPORT, COMMAND_LINE, database_now(db.session), Thing(ThingKind.CLIENTS, owner), note)
    db.session.commit()
