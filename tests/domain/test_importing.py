"""Clients from CSV files in all the spellings that spreadsheets write."""

import codecs
from io import BytesIO

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.domain.clients import clients_of
from mailer.domain.clock import database_now
from mailer.domain.importing import BATCH_SIZE, Batch, NoEmailColumn, Problem, RefusedLine, import_clients
from mailer.domain.suppressions import with_suppressions
from mailer.models.clients import Client, SuppressionReason
from mailer.models.users import User
from tests.support.factories import client_of, suppress


def imported(session: Session, owner: User, content: bytes) -> Batch:
    total = Batch()
    for batch in import_clients(session, owner.id, BytesIO(content), database_now(session)):
        total.added += batch.added
        total.updated += batch.updated
        total.refused += batch.refused
    session.expire_all()
    return total


def on_file(session: Session, owner: User) -> list[tuple[str, str, str]]:
    clients = session.scalars(clients_of(owner.id).order_by(Client.email_key))
    return [(client.email, client.full_name, client.comment) for client in clients]


@pytest.mark.parametrize(
    "text",
    [
        "email,full_name,comment\nanna@example.org,Анна,Пишет по-русски\n",
        "anna@example.org,Анна,Пишет по-русски",
        "comment;E-mail;Full name\r\nПишет по-русски;anna@example.org;Анна\r\n",
        "Full_Name\tphone\tEMAIL\tComment\n Анна \t1\t anna@example.org \tПишет  по-русски\n",
        '\n\n"anna@example.org","Анна","Пишет\nпо-русски"\n\n,,\n',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
def test_every_spelling_of_a_file_is_read(session: Session, alice: User, text: str, encoding: str) -> None:
    total = imported(session, alice, text.encode(encoding))
    assert (total.added, total.updated, total.refused) == (1, 0, [])
    assert on_file(session, alice) == [("anna@example.org", "Анна", "Пишет по-русски")]


def test_imported_clients_are_found_and_sorted_like_others(session: Session, alice: User) -> None:
    imported(session, alice, "anna@example.org,Анна Белова,Блокноты".encode())
    assert session.scalar(clients_of(alice.id, "БЛОКНОТЫ")) is not None
    assert session.scalars(select(Client.name_key)).one() == "анна белова"


def test_an_address_on_file_is_updated_and_an_empty_cell_leaves_what_is_there(session: Session, alice: User) -> None:
    client_of(alice, "anna@example.org", "Anna", "Old comment")
    total = imported(session, alice, b"email,full_name,comment\nANNA@example.org,,New comment\n")
    assert (total.added, total.updated) == (0, 1)
    assert on_file(session, alice) == [("ANNA@example.org", "Anna", "New comment")]


def test_a_file_without_comments_leaves_the_comments(session: Session, alice: User) -> None:
    client_of(alice, "anna@example.org", "Anna", "Old comment")
    imported(session, alice, b"email,full_name\nanna@example.org,Anna Belova\n")
    assert on_file(session, alice) == [("anna@example.org", "Anna Belova", "Old comment")]


def test_an_address_that_comes_twice_is_one_client(session: Session, alice: User) -> None:
    total = imported(session, alice, b"anna@example.org,Anna\nAnna@Example.org,Anna Belova\n")
    assert (total.added, total.updated) == (1, 1)
    assert [name for _email, name, _comment in on_file(session, alice)] == ["Anna Belova"]


def test_the_clients_of_others_are_left_alone(session: Session, alice: User, bob: User) -> None:
    client_of(bob, "anna@example.org", "Bob's Anna")
    assert imported(session, alice, b"anna@example.org,Anna").added == 1
    assert on_file(session, bob) == [("anna@example.org", "Bob's Anna", "")]


def test_refused_lines_are_named_with_the_reason_and_the_others_go_in(session: Session, alice: User) -> None:
    lines = [
        "email,full_name,comment",
        "good@example.org,Good,",
        ",Nobody,",
        "not an address,X,",
        '"two\nlines@example.org",X,',
        f"long@example.org,{'x' * 201},",
        f"longer@example.org,X,{'x' * 2001}",
        "bell@example.org,B\aell,",
        "nul@example.org,N\0ul,",
        "last@example.org,Last,",
    ]
    total = imported(session, alice, "\n".join(lines).encode())
    assert total.refused == [
        RefusedLine(3, Problem.NO_ADDRESS),
        RefusedLine(4, Problem.BAD_ADDRESS),
        RefusedLine(5, Problem.BAD_ADDRESS),
        RefusedLine(7, Problem.TOO_LONG),
        RefusedLine(8, Problem.TOO_LONG),
        RefusedLine(9, Problem.CONTROL_CHARACTER),
        RefusedLine(10, Problem.CONTROL_CHARACTER),
    ]
    assert [email for email, _name, _comment in on_file(session, alice)] == ["good@example.org", "last@example.org"]


def test_a_cell_without_end_is_refused_and_the_file_goes_on(session: Session, alice: User) -> None:
    content = b'a@example.org,A\nb@example.org,"B' + b"x" * 200_000 + b"\nc@example.org,C\n"
    total = imported(session, alice, content)
    assert RefusedLine(2, Problem.UNREADABLE) in total.refused
    assert "a@example.org" in [email for email, _name, _comment in on_file(session, alice)]


def test_a_header_without_addresses_is_refused(session: Session, alice: User) -> None:
    with pytest.raises(NoEmailColumn):
        imported(session, alice, b"full_name,comment\nAnna,x\n")


@pytest.mark.parametrize("content", [b"", codecs.BOM_UTF8, b"\n\n", b"email,full_name\n"])
def test_an_empty_file_is_no_error(session: Session, alice: User, content: bytes) -> None:
    assert imported(session, alice, content) == Batch()


def test_a_large_file_comes_in_batches(session: Session, alice: User) -> None:
    content = "".join(f"person{number}@example.org,Person {number}\n" for number in range(2 * BATCH_SIZE + 1)).encode()
    batches = list(import_clients(session, alice.id, BytesIO(content), database_now(session)))
    assert [batch.added for batch in batches] == [BATCH_SIZE, BATCH_SIZE, 1]
    again = list(import_clients(session, alice.id, BytesIO(content), database_now(session)))
    assert [batch.updated for batch in again] == [BATCH_SIZE, BATCH_SIZE, 1]


def test_an_import_leaves_everybody_suppressed_who_was_it(session: Session, alice: User) -> None:
    client_of(alice, "anna@example.org")
    suppress(alice, "anna@example.org", "boris@example.org")
    batch = imported(session, alice, b"anna@example.org,Anna\nboris@example.org,Boris\n")
    assert (batch.added, batch.updated) == (1, 1)
    clients = session.scalars(with_suppressions(clients_of(alice.id)).execution_options(populate_existing=True))
    assert [client.suppression for client in clients] == [SuppressionReason.UNSUBSCRIBED] * 2


def test_whoever_was_deleted_and_must_not_return_is_refused(session: Session, alice: User, bob: User) -> None:
    suppress(alice, "anna@example.org", reason=SuppressionReason.DELETED)
    content = b"boris@example.org\nANNA@Example.org,Anna\n"
    assert imported(session, alice, content).refused == [RefusedLine(2, Problem.MUST_NOT_RETURN)]
    assert [email for email, *_ in on_file(session, alice)] == ["boris@example.org"]
    assert imported(session, bob, content).added == 2
