"""`flask import-clients`."""

from pathlib import Path

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.cli_clients import import_clients
from mailer.domain.clients import clients_of, count_of
from mailer.models.audit import Action, AuditEntry
from mailer.models.users import User


def run(app: Flask, *arguments: str) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(import_clients, arguments)
    return result.exit_code, result.output


def test_the_figures_and_every_refused_line_are_printed(
    app: Flask, session: Session, alice: User, tmp_path: Path
) -> None:
    session.commit()
    path = tmp_path / "clients.csv"
    path.write_text("email,full_name,comment\nanna@example.org,Анна,\nnobody,,\n,X,\nANNA@example.org,,Again\n")
    status, output = run(app, str(path), "--owner", "Alice@mailer.example")
    assert status == 0
    assert "line 3: The address is not one that mail can be sent to." in output
    assert "line 4: There is no address." in output
    assert output.splitlines()[-1] == "added 1, updated 1, refused 2"
    assert count_of(session, clients_of(alice.id)) == 1
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.thing_name, entry.place) == (Action.IMPORT, "alice@mailer.example", "command line")
    assert entry.note == "1 added, 1 updated, 2 refused"


def test_an_unknown_owner_is_an_error(app: Flask, session: Session, alice: User, tmp_path: Path) -> None:
    session.commit()
    path = tmp_path / "clients.csv"
    path.write_text("anna@example.org\n")
    for owner in ("nobody@example.org", "not an address"):
        status, output = run(app, str(path), "--owner", owner)
        assert (status, output) == (1, f"Error: {owner} has no account here.\n")


def test_a_file_that_cannot_be_read_is_an_error(app: Flask, session: Session, alice: User, tmp_path: Path) -> None:
    session.commit()
    for path in (tmp_path / "missing.csv", tmp_path):
        status, output = run(app, str(path), "--owner", alice.email)
        assert status == 1
        assert output.startswith(f"Error: {path} cannot be read:")


def test_a_header_without_addresses_is_an_error(app: Flask, session: Session, alice: User, tmp_path: Path) -> None:
    session.commit()
    path = tmp_path / "clients.csv"
    path.write_text("full_name,comment\nAnna,x\n")
    status, output = run(app, str(path), "--owner", alice.email)
    assert status == 1
    assert "without the column “email”" in output
