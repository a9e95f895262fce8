"""`flask backup`, `flask restore`, `flask hold-restored` and `flask prune-attempts`: keeping and forgetting."""

import re
import sys
from datetime import timedelta
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.exc import DBAPIError

from mailer.domain.audit import COMMAND_LINE, record
from mailer.domain.clock import database_now
from mailer.domain.restored import Restored
from mailer.extensions import db
from mailer.keeping.backup import back_up, require_free
from mailer.keeping.database_file import database_file
from mailer.keeping.errors import KeepingRefused
from mailer.keeping.prune import prune_attempts
from mailer.keeping.restore import hold_restored
from mailer.keeping.restore import restore as put_back
from mailer.models.audit import Action
from mailer.models.transactions import begin_writing

FILE = click.Path(dir_okay=False, path_type=Path)
MOST_DAYS = 36500


@click.command("backup")
@click.argument("file", type=FILE)
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
@with_appcontext
def backup(file: Path, force: bool) -> None:
    """Copy the SQLite database into FILE, while everything runs; the copy is the state of one moment."""
    database = _database_file(
        _("The database is PostgreSQL, which has a tool of its own: pg_dump --format=custom --file=FILE.")
    )
    try:
        # Asked first, so that the log tells of no backup that was refused.
        require_free(database, file.resolve(), may_replace=force)
        _record_backup(file.name)
        size = back_up(database, file, may_replace=force)
    except KeepingRefused as refusal:
        raise click.ClickException(str(refusal)) from None
    click.echo(_("%(file)s: %(size)s bytes, checked.", file=file, size=f"{size:,}"))
    if not current_app.config["IS_SECRET_KEY_GIVEN"]:
        key = current_app.config["DATA_DIR"] / "secret-key"
        click.echo(_("Keep %(file)s with it: without that file everybody has to sign in anew.", file=key))


@click.command("restore")
@click.argument("file", type=FILE)
@with_appcontext
def restore(file: Path) -> None:
    """Replace the SQLite database by the backup FILE; Mailer must be stopped.

    Every mailing that is not completed is held until its owner resumes it.
    """
    database = _database_file(
        _(
            "The database is PostgreSQL, which has a tool of its own: pg_restore --clean --dbname=NAME FILE. "
            "Stop Mailer before, and run flask db upgrade and flask hold-restored before you start it."
        )
    )
    try:
        replacement = put_back(file, database, current_app.config["DATA_DIR"])
    except KeepingRefused as refusal:
        raise click.ClickException(str(refusal)) from None
    click.echo(_("%(file)s is in place.", file=file))
    if replacement.kept is not None:
        click.echo(_("The database of before is kept as %(file)s.", file=replacement.kept))
    _say_what_is_held(replacement.restored)


@click.command("hold-restored")
@with_appcontext
def hold_restored_mailings() -> None:
    """Hold every mailing that is not completed: for a database that was restored by other means than ours."""
    _say_what_is_held(hold_restored(db.engine))


class Age(click.ParamType[timedelta]):
    """A number of days, as in 365d: at least one, and no more than a century."""

    name = "days"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """The age. Fails with a line that says how to write one."""
        found = re.fullmatch(r"([1-9][0-9]{0,4})d", str(value).strip(), re.ASCII)
        if found is None or int(found[1]) > MOST_DAYS:
            self.fail(_("'%(value)s' is no age. Write a number of days, as in 365d.", value=value), param, ctx)
        return timedelta(days=int(found[1]))


@click.command("prune-attempts")
@click.option("--older-than", "age", type=Age(), required=True, help="Such as 365d: those older than a year go.")
@with_appcontext
def prune(age: timedelta) -> None:
    """Delete the old attempts of completed mailings, while everything runs; the books of mailings stay as they are.

    It may be ended at any moment, and called again for the rest.
    """
    before = database_now(db.session) - age
    db.session.rollback()
    removed = prune_attempts(db.engine, before, _show_count)
    click.echo(
        ngettext(
            "%(count)s attempt from before %(time)s removed.",
            "%(count)s attempts from before %(time)s removed.",
            removed,
            count=f"{removed:,}",
            time=f"{before:%F %T} UTC",
        )
    )


def _show_count(removed: int) -> None:
    """How far it has come, on a terminal only."""
    if sys.stderr.isatty():
        click.echo(f"\r{removed:,}", nl=False, err=True)


def _database_file(words_for_postgresql: str) -> Path:
    database = database_file(current_app.config["SQLALCHEMY_DATABASE_URI"])
    if database is None:
        raise click.ClickException(words_for_postgresql)
    return database


def _record_backup(name: str) -> None:
    """Written before the copy is made, so that the copy itself knows when that was."""
    try:
        begin_writing(db.session)
        record(db.session, Action.BACKUP, COMMAND_LINE, database_now(db.session), note=name)
        db.session.commit()
    except DBAPIError as error:
        raise KeepingRefused(_("The database could not be written (%(why)s).", why=error.orig)) from error


def _say_what_is_held(restored: Restored) -> None:
    as_of = f"{restored.as_of:%F %T} UTC" if restored.as_of else _("a time unknown")
    click.echo(_("The database tells of everything until %(time)s, and of nothing since.", time=as_of))
    click.echo(
        ngettext(
            "%(count)s mailing is held, because it may have been sent since.",
            "%(count)s mailings are held, because they may have been sent since.",
            restored.mailings,
            count=restored.mailings,
        )
    )
    if restored.unknown:
        click.echo(
            ngettext(
                "%(count)s recipient whose letter was under way then is unknown.",
                "%(count)s recipients whose letters were under way then are unknown.",
                restored.unknown,
                count=restored.unknown,
            )
        )
