"""`flask backup`: a copy of the SQLite database that is whole, made while everything runs."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.models.audit import Action, AuditEntry
from mailer.models.users import User
from tests.keeping.conftest import Command
from tests.support.application import AppMaker
from tests.support.factories import client_of

pytestmark = pytest.mark.one_database("it is about the file of SQLite")


def emails_in(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        return [row[0] for row in connection.execute("SELECT email FROM clients ORDER BY id")]


def test_a_backup_holds_everything_and_is_for_its_owner_only(
    command: Command, alice: User, tmp_path: Path
) -> None:
    client_of(alice, "ann@example.org")
    result = command("backup", tmp_path / "monday.sqlite")
    assert result.exit_code == 0, result.output
    assert emails_in(tmp_path / "monday.sqlite") == ["ann@example.org"]
    assert (tmp_path / "monday.sqlite").stat().st_mode & 0o077 == 0


def test_a_backup_leaves_nothing_else_behind(command: Command, alice: User, data_dir: Path) -> None:
    command("backup", data_dir / "monday.sqlite")
    assert [path.name for path in data_dir.iterdir() if "monday" in path.name] == ["monday.sqlite"]


def test_the_log_tells_of_a_backup_and_so_does_the_backup_itself(
    command: Command, session: Session, alice: User, tmp_path: Path
) -> None:
    command("backup", tmp_path / "monday.sqlite")
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.note, entry.place) == (Action.BACKUP, "monday.sqlite", "command line")
    with closing(sqlite3.connect(tmp_path / "monday.sqlite")) as connection:
        assert connection.execute("SELECT action FROM audit_log").fetchall() == [("backup",)]


@contextmanager
def writer_of(database: Path) -> Iterator[None]:
    """Writes pairs of rows all the time, each pair in one transaction."""
    over, is_writing = threading.Event(), threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(database, timeout=30, isolation_level=None)) as connection:
            while not over.is_set():
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("INSERT INTO pairs DEFAULT VALUES")
                connection.execute("INSERT INTO pairs DEFAULT VALUES")
                connection.execute("COMMIT")
                is_writing.set()

    thread = threading.Thread(target=write)
    thread.start()
    is_writing.wait()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_a_backup_during_writes_is_the_state_of_one_moment(
    command: Command, session: Session, alice: User, database: Path, tmp_path: Path
) -> None:
    session.commit()
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE pairs (id INTEGER PRIMARY KEY, filling BLOB DEFAULT (zeroblob(5000)))")
    with writer_of(database):
        result = command("backup", tmp_path / "busy.sqlite")
    assert result.exit_code == 0, result.output
    with closing(sqlite3.connect(tmp_path / "busy.sqlite")) as connection:
        (count,) = connection.execute("SELECT count(*) FROM pairs").fetchone()
    assert count > 0 and count % 2 == 0


def test_a_file_is_not_overwritten_without_a_word(command: Command, alice: User, tmp_path: Path) -> None:
    target = tmp_path / "monday.sqlite"
    target.write_text("precious")
    result = command("backup", target)
    assert result.exit_code == 1 and "--force" in result.output
    assert target.read_text() == "precious"
    assert command("backup", target, "--force").exit_code == 0
    assert emails_in(target) == []


def test_the_database_itself_is_no_backup(command: Command, alice: User, database: Path) -> None:
    result = command("backup", database, "--force")
    assert result.exit_code == 1 and "the database itself" in result.output


def test_a_folder_that_is_not_there_is_an_error_of_one_line(command: Command, alice: User, tmp_path: Path) -> None:
    result = command("backup", tmp_path / "nowhere" / "monday.sqlite")
    assert result.exit_code == 1 and result.output.count("\n") == 1


def test_a_damaged_database_gives_no_backup(command: Command, alice: User, database: Path, tmp_path: Path) -> None:
    for _ in range(300):
        client_of(alice)
    command("hold-restored")
    damage(database)
    result = command("backup", tmp_path / "monday.sqlite")
    assert result.exit_code == 1
    assert not (tmp_path / "monday.sqlite").exists()


def damage(database: Path) -> None:
    """Write over the end of the file, as a failing disk would."""
    with open(database, "r+b") as file:
        file.seek(-60 * 4096, 2)
        file.write(b"\xff" * 60 * 4096)


@pytest.mark.parametrize(("arguments", "tool"), [(("backup", "x"), "pg_dump"), (("restore", "x"), "pg_restore")])
def test_on_postgresql_the_tool_to_use_is_named(make_app: AppMaker, arguments: tuple[str, str], tool: str) -> None:
    app: Flask = make_app(DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing")
    result = app.test_cli_runner().invoke(args=arguments)
    assert result.exit_code == 1
    assert tool in result.output and result.output.count("\n") == 1
