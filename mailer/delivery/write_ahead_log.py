"""SQLite's write-ahead log, made durable outside of the transactions that wrote to it.

Under `synchronous = FULL` a commit holds the database's one write lock until the disk is done, and whoever else wants
to write waits for the disk twice. Under NORMAL a commit only writes, and whoever needs it durable asks the disk for
that afterwards, while others write already. (sqlite.org/pragma.html#pragma_synchronous, sqlite.org/wal.html)
"""

import os
import sqlite3

from sqlalchemy import Engine

# Not every system can leave the file's times out of it.
_make_durable = getattr(os, "fdatasync", os.fsync)


class WriteAheadLog:
    """The log beside a database, as its one connection that writes without waiting for the disk sees it."""

    def __init__(self, engine: Engine) -> None:
        self._path = f"{engine.url.database}-wal"
        self._file: int | None = None
        self._is_there = False
        self._is_refused = False

    def take_over(self, connection: sqlite3.Connection) -> None:
        """Leave it to `sync` to make durable what this connection commits.

        Where a file system is not up to a log, SQLite keeps none, and its commits go on waiting for the disk.
        """
        (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
        self._is_there = mode == "wal"
        if self._is_there:
            connection.execute("PRAGMA synchronous = NORMAL")
            self._mend(connection)

    def sync(self) -> None:
        """Wait until all that has been committed so far is durable. Raises OSError if the disk refuses it.

        The log is not removed or replaced while a connection to the database is open.
        """
        if not self._is_there:
            return
        try:
            if self._file is None:
                self._file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
            _make_durable(self._file)
        except OSError:
            self._is_refused = True
            raise

    def _mend(self, connection: sqlite3.Connection) -> None:
        """After a refusal, copy all that the log holds into the database, which is made durable with it.

        A system that has told of a failed write once takes what it was for written: to ask again would prove nothing.
        """
        if not self._is_refused:
            return
        is_busy, *_ = connection.execute("PRAGMA wal_checkpoint(FULL)").fetchone()
        if is_busy:
            raise sqlite3.OperationalError("the log cannot be copied into the database yet")
        self._is_refused = False

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
