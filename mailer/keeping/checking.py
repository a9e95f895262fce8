"""Whether a file is a whole database of Mailer, and one that this version understands."""

import sqlite3
from contextlib import closing
from pathlib import Path

from alembic.script import ScriptDirectory
from flask import current_app
from flask_babel import gettext as _

from mailer.keeping.errors import KeepingRefused

# Tables that no other program's database has together with Alembic's.
KNOWN_BY = {"alembic_version", "mailings", "recipients", "attempts", "audit_log"}


def require_whole(database: Path, name: Path) -> None:
    """Raise KeepingRefused, calling the database `name`, unless SQLite finds it whole and it is one of Mailer."""
    try:
        with closing(sqlite3.connect(database)) as connection:
            (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.DatabaseError as error:
        raise KeepingRefused(
            _("%(file)s cannot be read as an SQLite database (%(why)s).", file=name, why=error)
        ) from error
    if verdict != "ok":
        raise KeepingRefused(_("%(file)s is damaged (%(why)s).", file=name, why=" ".join(verdict.split())))
    if not KNOWN_BY <= tables:
        raise KeepingRefused(_("%(file)s is a database, but not one of Mailer.", file=name))


def require_known_revision(database: Path, name: Path) -> None:
    """Raise KeepingRefused for a database that a later version of Mailer has written."""
    with closing(sqlite3.connect(database)) as connection:
        revisions = [row[0] for row in connection.execute("SELECT version_num FROM alembic_version")]
    scripts = ScriptDirectory.from_config(current_app.extensions["migrate"].migrate.get_config())
    known = {script.revision for script in scripts.walk_revisions()}
    if len(revisions) != 1 or revisions[0] not in known:
        raise KeepingRefused(
            _(
                "%(file)s was written by a version of Mailer that this one does not know (revision %(revision)s). "
                "Update Mailer, then restore.",
                file=name,
                revision=", ".join(revisions) or "–",
            )
        )
