"""A backup of the SQLite database, made while everything runs."""

import sqlite3
from pathlib import Path

from flask_babel import gettext as _

from mailer.keeping.checking import require_whole
from mailer.keeping.database_file import copy_while_in_use, part_file, put_in_place
from mailer.keeping.errors import KeepingRefused


def back_up(database: Path, target: Path, *, may_replace: bool) -> int:
    """Copy the database into `target`, which is whole as soon as it is there; its size in bytes.

    Raises KeepingRefused, and then there is no new file.
    """
    target = target.resolve()
    require_free(database, target, may_replace=may_replace)
    with part_file(target) as part:
        try:
            copy_while_in_use(database, part)
        except (sqlite3.Error, OSError) as error:
            raise KeepingRefused(_("The database could not be copied (%(why)s).", why=error)) from error
        require_whole(part, database)
        require_free(database, target, may_replace=may_replace)
        size = part.stat().st_size
        put_in_place(part, target)
    return size


def require_free(database: Path, target: Path, *, may_replace: bool) -> None:
    """Raise KeepingRefused unless a backup may be given this name."""
    if target.exists() and target.samefile(database):
        raise KeepingRefused(_("%(file)s is the database itself.", file=target))
    if target.exists() and not may_replace:
        raise KeepingRefused(_("%(file)s exists. Choose another name, or replace it with --force.", file=target))
