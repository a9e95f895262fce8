"""The clients as a CSV file that spreadsheets open safely, and that an import takes back unchanged."""

import csv
from io import BytesIO, StringIO

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.domain.clock import database_now
from mailer.domain.exporting import BATCH_SIZE, guarded
from mailer.domain.importing import import_clients
from mailer.models.audit import Action, AuditEntry
from mailer.models.clients import Client
from mailer.models.users import User
from tests.support.factories import client_of, clients_with
from tests.support.visitor import Page, Visitor


def rows_in(page: Page) -> list[list[str]]:
    return list(csv.reader(StringIO(page.get_data().decode("utf-8-sig"))))


def test_all_clients_are_exported_as_a_file(as_alice: Visitor, session: Session, alice: User, bob: User) -> None:
    client_of(alice, "anna@example.org", 'Анна "Ню"', "a, b; c")
    client_of(bob, "secret@example.org")
    page = as_alice.get("/clients/export")
    assert page.mimetype == "text/csv" and page.headers["Content-Disposition"] == "attachment; filename=clients.csv"
    assert page.get_data().startswith(b"\xef\xbb\xbf")
    assert rows_in(page) == [["email", "full_name", "comment"], ["anna@example.org", 'Анна "Ню"', "a, b; c"]]
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.actor_email) == (Action.EXPORT, alice.email)


def test_those_found_or_ticked_are_exported_alone(as_alice: Visitor, alice: User) -> None:
    anna, boris, vera = clients_with(alice, "anna@example.org", "boris@example.org", "vera@example.org")
    assert [row[1] for row in rows_in(as_alice.get("/clients/export?q=BOR"))[1:]] == ["Boris"]
    ticked = as_alice.get(f"/clients/export?client_ids={anna.id}&client_ids={vera.id}&q=")
    assert [row[1] for row in rows_in(ticked)[1:]] == ["Anna", "Vera"]
    assert len(rows_in(as_alice.get(f"/clients/export?client_ids={anna.id}&all=1&q="))) == 4


@pytest.mark.parametrize("text", ["=1+1", "+7 900", "-", "@SUM(A1)", "=cmd|' /C calc'!A0"])
def test_no_cell_is_a_formula_and_an_import_takes_it_back(
    as_alice: Visitor, session: Session, alice: User, text: str
) -> None:
    client_of(alice, "anna@example.org", text, text)
    page = as_alice.get("/clients/export")
    assert rows_in(page)[1][1:] == ["'" + text, "'" + text]
    for _batch in import_clients(session, alice.id, BytesIO(page.get_data()), database_now(session)):
        session.commit()
    session.expire_all()
    assert session.execute(select(Client.full_name, Client.comment)).all() == [(text, text)]


def test_what_begins_with_a_quotation_mark_alone_is_left_as_it_is(session: Session, alice: User) -> None:
    assert guarded("'tis") == "'tis"
    for _batch in import_clients(session, alice.id, BytesIO("anna@example.org,'tis".encode()), database_now(session)):
        session.commit()
    assert session.scalars(select(Client.full_name)).all() == ["'tis"]


def test_an_export_of_several_batches_holds_everybody_once(as_alice: Visitor, session: Session, alice: User) -> None:
    file = BytesIO("".join(f"client{number}@example.org\n" for number in range(BATCH_SIZE + 3)).encode())
    for _batch in import_clients(session, alice.id, file, database_now(session)):
        session.commit()
    rows = rows_in(as_alice.get("/clients/export"))
    assert len(rows) == len({row[0] for row in rows}) == BATCH_SIZE + 4
