"""The letters that the outbox has caught: a SQLite file of their own in DATA_DIR."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.parser import BytesHeaderParser
from pathlib import Path

OUTBOX_FILE = "outbox.sqlite"

# Enough for a newcomer's trials; older letters make room, so that the file does not grow for ever.
LETTERS_KEPT = 10_000

SCHEMA = """
CREATE TABLE IF NOT EXISTS letters (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    received_at TEXT NOT NULL,
    mail_from TEXT NOT NULL,
    rcpt_tos TEXT NOT NULL,
    subject TEXT NOT NULL,
    searched TEXT NOT NULL,
    raw BLOB NOT NULL
)
"""


@dataclass(frozen=True, slots=True)
class StoredLetter:
    """A letter as it came; in a list its `raw` is left out."""

    id: int
    received_at: datetime
    mail_from: str
    rcpt_tos: tuple[str, ...]
    subject: str
    raw: bytes = b""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the SMTP server was given: RFC 5321's envelope, and the letter's bytes."""

    mail_from: str
    rcpt_tos: tuple[str, ...]
    raw: bytes


@contextmanager
def open_outbox(data_dir: Path) -> Iterator[sqlite3.Connection]:
    """The outbox's file, made at the first use; a commit on it has reached the disk when it returns."""
    # The server writes from one thread at a time, but not always from the same one.
    connection = sqlite3.connect(data_dir / OUTBOX_FILE, timeout=30, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(SCHEMA)
        yield connection
    finally:
        connection.close()


def add_letters(outbox: sqlite3.Connection, envelopes: Iterable[Envelope]) -> None:
    """Keep letters, all or none: when this returns they are on the disk, and what is beyond LETTERS_KEPT is gone."""
    rows = [_row(envelope) for envelope in envelopes]
    outbox.execute("BEGIN IMMEDIATE")
    try:
        outbox.executemany(
            "INSERT INTO letters (received_at, mail_from, rcpt_tos, subject, searched, raw) VALUES (?, ?, ?, ?, ?, ?)",
            rows,
        )
        # Ids are given in sequence and only the oldest are ever deleted, so they count the letters.
        outbox.execute("DELETE FROM letters WHERE id <= (SELECT max(id) FROM letters) - ?", (LETTERS_KEPT,))
    except BaseException:
        outbox.execute("ROLLBACK")
        raise
    outbox.execute("COMMIT")


def add_letter(outbox: sqlite3.Connection, mail_from: str, rcpt_tos: Iterable[str], raw: bytes) -> None:
    add_letters(outbox, [Envelope(mail_from, tuple(rcpt_tos), raw)])


def count_letters(outbox: sqlite3.Connection, search: str = "") -> int:
    number: int = outbox.execute(
        "SELECT count(*) FROM letters WHERE instr(searched, ?)", (search.casefold(),)
    ).fetchone()[0]
    return number


def list_letters(
    outbox: sqlite3.Connection, *, before_id: int | None = None, limit: int = 50, search: str = ""
) -> list[StoredLetter]:
    """Letters, newest first, from before the one with the given id; `search` looks at subjects and addresses."""
    rows = outbox.execute(
        "SELECT id, received_at, mail_from, rcpt_tos, subject FROM letters"
        " WHERE (? IS NULL OR id < ?) AND instr(searched, ?) ORDER BY id DESC LIMIT ?",
        (before_id, before_id, search.casefold(), limit),
    )
    return [_stored(*row) for row in rows]


def letter(outbox: sqlite3.Connection, letter_id: int) -> StoredLetter | None:
    row = outbox.execute(
        "SELECT id, received_at, mail_from, rcpt_tos, subject, raw FROM letters WHERE id = ?", (letter_id,)
    ).fetchone()
    return _stored(*row) if row else None


def _row(envelope: Envelope) -> tuple[str, str, str, str, str, bytes]:
    subject = _subject(envelope.raw)
    addresses = (envelope.mail_from, *envelope.rcpt_tos)
    searched = "\n".join((subject, *addresses)).casefold()
    received_at = datetime.now(UTC).isoformat()
    return received_at, envelope.mail_from, json.dumps(envelope.rcpt_tos), subject, searched, envelope.raw


def _subject(raw: bytes) -> str:
    """The subject as a person reads it, or an empty text: what was caught may be no letter at all."""
    try:
        subject = BytesHeaderParser(policy=policy.default).parsebytes(raw[:HEADERS_READ]).get("Subject", "")
    except Exception:
        # The standard library's parser raises errors of many kinds at broken headers, and any letter is accepted.
        return ""
    # Bytes that fit no encoding come as lone surrogates, which SQLite does not take.
    return str(subject).encode(errors="replace").decode()


# A letter's headers are read for its subject; its body, up to megabytes of it, is not.
HEADERS_READ = 64 * 1024


def _stored(
    letter_id: int, received_at: str, mail_from: str, rcpt_tos: str, subject: str, raw: bytes = b""
) -> StoredLetter:
    return StoredLetter(
        letter_id, datetime.fromisoformat(received_at), mail_from, tuple(json.loads(rcpt_tos)), subject, raw
    )
