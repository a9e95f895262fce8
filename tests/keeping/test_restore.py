"""`flask restore`: a backup in the database's place, which writes to nobody by itself."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from mailer.delivery.claims import Wishes, open_fence
from mailer.delivery.lease import lane_of
from mailer.delivery.reconcile import tick
from mailer.domain.clients import clients_of
from mailer.domain.unsubscribe_links import unsubscribe_links
from mailer.embedded.data_dir import sole_use_of
from mailer.extensions import db
from mailer.keeping.database_file import move_aside, put_in_place
from mailer.models.audit import Action, AuditEntry
from mailer.models.lanes import Hold, HoldKind, Lane
from mailer.models.mailings import Attempt, Mailing
from mailer.models.users import User
from tests.keeping.conftest import Command
from tests.keeping.test_backup import damage
from tests.support.factories import client_of, clients_with, mailing_of, started_mailing_of, states_of
from tests.support.processes import Processes
from tests.support.smtp_server import SmtpServer

pytestmark = pytest.mark.one_database("it is about the file of SQLite")

EMAILS = [f"ok{number}@example.org" for number in range(4)]

Backup = Callable[[], Path]


@pytest.fixture
def backup(command: Command, tmp_path: Path) -> Backup:
    def make() -> Path:
        result = command("backup", tmp_path / "backup.sqlite")
        assert result.exit_code == 0, result.output
        return tmp_path / "backup.sqlite"

    return make


def test_a_restore_brings_back_what_was_and_keeps_what_is(
    command: Command, backup: Backup, session: Session, alice: User, database: Path
) -> None:
    client_of(alice, "before@example.org")
    file = backup()
    client_of(alice, "after@example.org")
    result = command("restore", file)
    assert result.exit_code == 0, result.output
    assert [client.email for client in session.scalars(clients_of(alice.id))] == ["before@example.org"]
    (kept,) = database.parent.glob("mailer.sqlite.before-*")
    assert str(kept) in result.output
    with closing(sqlite3.connect(kept)) as connection:
        assert connection.execute("SELECT count(*) FROM clients").fetchone() == (2,)


def test_a_restored_database_stands_alone_and_can_be_written(
    command: Command, backup: Backup, session: Session, alice: User, database: Path
) -> None:
    assert command("restore", backup()).exit_code == 0
    assert [path.name for path in database.parent.iterdir() if path.name.startswith(".")] == []
    assert not database.with_name("mailer.sqlite-wal").exists()
    client_of(alice, "new@example.org")
    session.commit()
    assert len(session.scalars(clients_of(alice.id)).all()) == 1


def test_nobody_is_written_to_twice_after_a_restore(
    app: Flask, command: Command, backup: Backup, session: Session, alice: User, smtp_server: SmtpServer
) -> None:
    started_mailing_of(alice, clients=clients_with(alice, *EMAILS[:2]))
    mailing_of(alice, clients=clients_with(alice, EMAILS[2]), starts_in=timedelta(seconds=-1))
    # Started by hand since then, long before its time.
    by_hand = mailing_of(alice, clients=clients_with(alice, EMAILS[3]), starts_in=timedelta(days=1))
    file, by_hand_id = backup(), by_hand.id
    command("send-mailings", "--here")
    command("send-mailings", "--here", "--mailing", str(by_hand_id))
    assert smtp_server.ledger.copies() == dict.fromkeys(EMAILS, 1)
    assert command("restore", file).exit_code == 0
    tick(app)
    assert command("send-mailings", "--here").output == ""
    assert "held" in command("send-mailings", "--here", "--mailing", str(by_hand_id)).output
    assert smtp_server.ledger.copies() == dict.fromkeys(EMAILS, 1)


def test_what_was_under_way_at_the_backup_is_unknown_after_it(
    command: Command, backup: Backup, engine: Engine, session: Session, alice: User
) -> None:
    mailing = started_mailing_of(alice, clients=clients_with(alice, *EMAILS))
    session.commit()
    with lane_of(engine, mailing.id, 1, "mailer.example") as token:
        assert token is not None
        fence = open_fence(engine, mailing.id, alice.id, token)
        claims = fence.turn(Wishes(claim_count=2)).claims
        fence.turn(Wishes(begin=[claims[0].recipient_id]))
        fence.close()
        file = backup()
    result = command("restore", file)
    assert "2 recipients" in result.output
    assert states_of(mailing) == dict(zip(EMAILS, ["unknown", "unknown", "pending", "pending"], strict=True))
    assert session.scalars(select(Lane)).all() == []
    letters = session.scalars(select(Attempt.letter_id).order_by(Attempt.recipient_id)).all()
    assert [letter.partition("@")[0].split(".")[-2] for letter in letters if letter] == ["1", "1"]


def test_every_open_mailing_is_held_with_words_and_a_line_in_the_log(
    command: Command, backup: Backup, session: Session, alice: User
) -> None:
    started, booked = started_mailing_of(alice), mailing_of(alice, starts_in=timedelta(days=1))
    ids = [started.id, booked.id]
    result = command("restore", backup())
    assert "2 mailings are held" in result.output
    holds = session.scalars(select(Hold).order_by(Hold.mailing_id)).all()
    assert [(hold.mailing_id, hold.kind) for hold in holds] == [(each, HoldKind.RESTORED) for each in ids]
    entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [entry.action for entry in entries] == [Action.BACKUP, Action.HOLD, Action.HOLD, Action.RESTORE]
    assert holds[0].reason == entries[0].happened_at.isoformat()


def test_links_to_unsubscribe_go_on_working(
    command: Command, backup: Backup, session: Session, alice: User, smtp_server: SmtpServer
) -> None:
    mailing = mailing_of(alice, clients=clients_with(alice, EMAILS[0]), starts_in=timedelta(seconds=-1))
    command("send-mailings", "--here")
    token = unsubscribe_links(session).token(alice.id, 1, EMAILS[0])
    assert command("restore", backup()).exit_code == 0
    assert unsubscribe_links(session).read(token).email == EMAILS[0]
    assert states_of(mailing) == {EMAILS[0]: "accepted"}


def test_nothing_is_restored_while_a_process_has_the_database_open(
    command: Command, backup: Backup, session: Session, alice: User, processes: Processes
) -> None:
    file = backup()
    session.scalars(select(Mailing)).all()
    session.commit()
    result = processes.flask("restore", str(file))
    assert result.returncode == 1
    assert "Stop them first" in result.stderr and result.stderr.count("\n") == 1


def test_nothing_is_restored_while_make_run_holds_the_folder(
    command: Command, backup: Backup, alice: User, data_dir: Path, processes: Processes
) -> None:
    file = backup()
    with sole_use_of(data_dir):
        result = processes.flask("restore", str(file))
    assert result.returncode == 1 and "is in use by another `make run`" in result.stderr


@pytest.mark.parametrize(
    ("content", "words"), [(b"", "not one of Mailer"), (b"no database at all" * 99, "cannot be read")]
)
def test_what_is_no_database_of_mailer_is_refused(
    command: Command, alice: User, database: Path, tmp_path: Path, content: bytes, words: str
) -> None:
    (tmp_path / "other").write_bytes(content)
    result = command("restore", tmp_path / "other")
    assert result.exit_code == 1 and words in result.output
    assert [path for path in database.parent.iterdir() if "before" in path.name or "part" in path.name] == []


def test_a_damaged_backup_is_refused(command: Command, backup: Backup, alice: User) -> None:
    for _ in range(300):
        client_of(alice)
    file = backup()
    damage(file)
    result = command("restore", file)
    assert result.exit_code == 1 and result.output.count("\n") == 1


def test_a_backup_of_a_later_version_is_refused(command: Command, backup: Backup, alice: User) -> None:
    file = backup()
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    result = command("restore", file)
    assert result.exit_code == 1 and "9999" in result.output


def test_a_backup_of_an_earlier_version_is_brought_up_to_date(
    app: Flask, command: Command, backup: Backup, session: Session, alice: User, database: Path
) -> None:
    with closing(sqlite3.connect(database)) as connection:
        (newest,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    file = backup()
    with app.app_context():
        flask_migrate.downgrade(revision="-1")
        db.engine.dispose()
    older = file.with_name("older.sqlite")
    older.write_bytes(database.read_bytes())
    assert command("restore", older).exit_code == 0
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (newest,)


def test_a_database_that_cannot_be_read_any_more_is_replaced(
    command: Command, backup: Backup, session: Session, alice: User, database: Path
) -> None:
    client_of(alice, "before@example.org")
    file = backup()
    command("hold-restored")
    database.write_bytes(b"\xff" * 100_000)
    result = command("restore", file)
    assert result.exit_code == 0, result.output
    assert [client.email for client in session.scalars(clients_of(alice.id))] == ["before@example.org"]


def test_the_log_of_latest_changes_stays_with_its_database(tmp_path: Path) -> None:
    database, kept = tmp_path / "mailer.sqlite", tmp_path / "kept"
    for suffix in ("", "-wal", "-shm"):
        database.with_name(f"mailer.sqlite{suffix}").write_text(f"the {suffix or 'database'} of before")
    move_aside(database, kept)
    (tmp_path / "part").write_text("the restored one")
    put_in_place(tmp_path / "part", database)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "mailer.sqlite": "the restored one",
        "kept": "the database of before",
        "kept-wal": "the -wal of before",
    }


def test_an_installation_without_a_database_gets_one(
    command: Command, backup: Backup, alice: User, database: Path
) -> None:
    file = backup()
    database.unlink()
    result = command("restore", file)
    assert result.exit_code == 0 and "kept" not in result.output
    assert database.exists()
