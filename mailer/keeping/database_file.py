"""The SQLite database as a file: where it is, copies of it that are whole, and having it to oneself."""

import contextlib
import fcntl
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from flask_babel import gettext as _
from sqlalchemy.engine import make_url

from mailer.keeping.errors import KeepingRefused

# Where SQLite puts its locks (its file format, "The Lock-Byte Page"): whoever has the database open in WAL mode holds
# a shared lock within this range for as long as the connection lives, also between two transactions.
LOCK_BYTES_BEGIN, LOCK_BYTES = 0x40000000, 512

SIDE_FILES = ("-wal", "-shm")


def database_file(url: str) -> Path | None:
    """The file of the database; None where it is no SQLite file."""
    found = make_url(url)
    is_file = found.get_backend_name() == "sqlite" and found.database not in (None, "", ":memory:")
    return Path(str(found.database)).resolve() if is_file else None


@contextmanager
def part_file(target: Path) -> Iterator[Path]:
    """A new file beside `target`, for its owner only, that is to replace it; gone at the end if it has not."""
    try:
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-", suffix=".part")
    except OSError as error:
        raise KeepingRefused(
            _("%(folder)s cannot be written (%(why)s).", folder=target.parent, why=error.strerror)
        ) from error
    os.close(descriptor)
    part = Path(name)
    try:
        yield part
    finally:
        for path in (part, *side_files(part)):
            path.unlink(missing_ok=True)


def copy_while_in_use(database: Path, part: Path) -> None:
    """Copy the database as it is at one moment, while others read and write it; the copy is one file.

    All pages are copied in one step: it reads one state of the database, and holds up no writer.
    """
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=rw", uri=True)) as source:
        with closing(sqlite3.connect(part)) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")


def copy_file(source: Path, part: Path) -> None:
    """Copy a database that nobody has open, with the latest changes that its log may still hold."""
    shutil.copyfile(source, part)
    log, log_of_part = side_files(source)[0], side_files(part)[0]
    if log.exists():
        shutil.copyfile(log, log_of_part)


def put_in_place(part: Path, target: Path) -> None:
    """Give the finished part its name, at once and so that a power cut leaves the one or the other."""
    with open(part, "rb") as file:
        os.fsync(file.fileno())
    os.replace(part, target)
    _sync_folder(target.parent)


def give_owner_of(database: Path, part: Path) -> None:
    """Leave the file to whom the database belongs: root may restore what the programs of another user then open."""
    owner = database.stat()
    with contextlib.suppress(PermissionError):
        os.chown(part, owner.st_uid, owner.st_gid)
    os.chmod(part, owner.st_mode & 0o777)


def move_aside(database: Path, kept: Path) -> None:
    """Give the database a second name, with the log that belongs to it; its first one stays until it is replaced.

    The log goes first: it must never be found beside a database to which it does not belong.
    """
    log, index = side_files(database)
    if log.exists():
        os.replace(log, side_files(kept)[0])
    index.unlink(missing_ok=True)
    try:
        os.link(database, kept)
    except OSError:
        # Not every file system has links; then there is a moment without a database, which this process guards.
        os.replace(database, kept)


@contextmanager
def closed_to_others(database: Path) -> Iterator[None]:
    """Have the database to oneself, so that whoever comes waits; raises KeepingRefused when somebody has it open.

    It does not matter whether the file can still be read as a database. Nothing within this process may have it
    open meanwhile: to close it would give the lock away, as locks of POSIX are.
    """
    _empty_log(database)
    with open(database, "r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, LOCK_BYTES, LOCK_BYTES_BEGIN)
        except (BlockingIOError, PermissionError):
            raise KeepingRefused(
                _(
                    "%(file)s is in use by the web server, a worker, the scheduler or a command. "
                    "Stop them first, and start them when the database is restored.",
                    file=database,
                )
            ) from None
        yield


def side_files(database: Path) -> tuple[Path, Path]:
    """The log of latest changes, and the index to it. Lanes wait at a third file, `-turns`, which holds nothing."""
    log, index = (database.with_name(database.name + suffix) for suffix in SIDE_FILES)
    return log, index


def _empty_log(database: Path) -> None:
    """Bring what killed processes left in the log into the database; one that is damaged stays as it is."""
    with contextlib.suppress(sqlite3.DatabaseError), closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
