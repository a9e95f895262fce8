"""The SQLite database is replaced by a backup, in which everything that could write to anybody is held first."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import flask_migrate
from flask import Flask, current_app
from flask_babel import gettext as _
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from mailer.delivery.restoring import end_all_lanes
from mailer.domain.audit import COMMAND_LINE, record
from mailer.domain.clock import database_now
from mailer.domain.restored import Restored, hold_all_mailings
from mailer.embedded.data_dir import sole_use_of
from mailer.embedded.errors import StartError
from mailer.extensions import db, migrate
from mailer.keeping.checking import require_known_revision, require_whole
from mailer.keeping.database_file import (
    closed_to_others,
    copy_file,
    give_owner_of,
    move_aside,
    part_file,
    put_in_place,
)
from mailer.keeping.errors import KeepingRefused
from mailer.models.audit import Action
from mailer.models.transactions import begin_writing, prepare_sqlite


@dataclass(frozen=True)
class Replacement:
    """What a restore has done; `kept` is where the database of before is, if there was one."""

    restored: Restored
    kept: Path | None


def restore(source: Path, database: Path, data_dir: Path) -> Replacement:
    """Put a copy of the backup in the database's place. Raises KeepingRefused, and then nothing has changed.

    Whatever runs on this installation has to be stopped, and nothing of it can start meanwhile.
    """
    if not source.is_file():
        raise KeepingRefused(_("%(file)s is no file.", file=source))
    if database.exists() and source.samefile(database):
        raise KeepingRefused(_("%(file)s is the database itself.", file=source))
    database.parent.mkdir(parents=True, exist_ok=True)
    with _nobody_else_at_work(database, data_dir), part_file(database) as part:
        try:
            copy_file(source, part)
        except OSError as error:
            raise KeepingRefused(_("%(file)s cannot be copied (%(why)s).", file=source, why=error.strerror)) from error
        require_whole(part, source)
        require_known_revision(part, source)
        kept = _free_name(database) if database.exists() else None
        with _engine_of(part) as engine:
            restored = hold_restored(engine, kept.name if kept else "")
        if kept is not None:
            give_owner_of(database, part)
            move_aside(database, kept)
        put_in_place(part, database)
    return Replacement(restored, kept)


def hold_restored(engine: Engine, note: str = "") -> Restored:
    """Hold everything in a database that is older than what has happened, and end the lanes it still tells of."""
    with Session(engine) as session:
        begin_writing(session)
        now = database_now(session)
        unknown = end_all_lanes(session)
        restored = hold_all_mailings(session, now, unknown=unknown)
        record(session, Action.RESTORE, COMMAND_LINE, now, note=note)
        session.commit()
    return restored


@contextmanager
def _nobody_else_at_work(database: Path, data_dir: Path) -> Iterator[None]:
    """Keep `make run` from starting by its own lock, and all else by that of the database."""
    # The lock of the database would be given away when a connection of this process is closed.
    db.engine.dispose()
    with ExitStack() as locks:
        try:
            locks.enter_context(sole_use_of(data_dir))
        except StartError as error:
            raise KeepingRefused(str(error)) from error
        if database.exists():
            locks.enter_context(closed_to_others(database))
        yield


@contextmanager
def _engine_of(part: Path) -> Iterator[Engine]:
    """The copy, brought up to date, as an application of its own would have it."""
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{part}"
    db.init_app(app)
    migrate.init_app(app, db, directory=current_app.extensions["migrate"].directory)
    with app.app_context():
        prepare_sqlite(db.engine)
        flask_migrate.upgrade()
        yield db.engine
        # The last connection to be closed brings the log into the file, and deletes it.
        db.engine.dispose()


def _free_name(database: Path) -> Path:
    time = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    kept = database.with_name(f"{database.name}.before-{time}")
    if os.path.lexists(kept):
        raise KeepingRefused(_("%(file)s exists. Wait a second, and try again.", file=kept))
    return kept
