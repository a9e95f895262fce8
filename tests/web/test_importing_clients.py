"""A file of clients is uploaded, worked through by a worker, and reported line by line."""

from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from mailer.clients import forms
from mailer.delivery.importing import work_through
from mailer.delivery.reconcile import ring_silent_imports
from mailer.domain.clients import clients_of, count_of
from mailer.domain.importing import BATCH_SIZE
from mailer.models.audit import Action, AuditEntry
from mailer.models.clients import Client
from mailer.models.imports import ClientImport
from mailer.models.users import User
from tests.support.factories import client_of
from tests.support.redis_server import RedisServer
from tests.support.visitor import Page, Visitor


def upload(browser: Visitor, content: bytes, name: str = "clients.csv", **options: Any) -> Page:
    page: Page = browser.post("/clients/import", data={"file": (BytesIO(content), name)}, **options)
    return page


def work(session: Session, engine: Engine) -> None:
    """What a worker does when it hears the bell."""
    session.commit()
    for import_id in session.scalars(select(ClientImport.id)).all():
        session.rollback()
        assert work_through(engine, import_id, wanted_elsewhere=lambda: False)
    session.expire_all()


def test_a_file_is_taken_by_a_worker_and_every_refused_line_is_reported(
    as_alice: Visitor, session: Session, engine: Engine, alice: User, redis_server: RedisServer
) -> None:
    client_of(alice, "old@example.org", "Old")
    page = as_alice.get("/clients/import")
    assert page.one("main form")["enctype"] == "multipart/form-data" and page.has("[name=csrf_token]")
    content = "Почта;ФИО;Комментарий\nanna@example.org;Анна;\nnobody;;\nold@example.org;Старый;Опт\n"
    answer = upload(as_alice, content.encode("cp1251"), "клиенты.csv")
    assert answer.status_code == 303
    assert redis_server.client.llen("rq:queue:imports") == 1
    waiting = as_alice.get(answer.location)
    assert waiting.one("#import")["hx-trigger"] == "every 1s" and waiting.has("progress")
    work(session, engine)
    report = as_alice.get(answer.location)
    assert report.texts(".figure") == ["1", "1", "1"] and not report.one("#import").has_attr("hx-trigger")
    assert report.texts("#import tbody tr") == ["3 The address is not one that mail can be sent to."]
    assert session.scalars(select(Client.full_name).order_by(Client.id)).all() == ["Старый", "Анна"]
    assert session.scalars(select(ClientImport)).one().content is None
    assert "1 added, 1 updated, 1 refused" in as_alice.get("/clients/import").words
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.actor_email, entry.thing_name) == (Action.IMPORT, alice.email, "клиенты.csv")


def test_a_worker_that_was_wanted_elsewhere_or_killed_is_followed_by_another_at_the_same_row(
    as_alice: Visitor, session: Session, engine: Engine, alice: User
) -> None:
    rows = "".join(f"client{number}@example.org,Client {number}\n" for number in range(2 * BATCH_SIZE + 5))
    answer = upload(as_alice, f"email,full_name\n{rows}".encode())
    session.commit()
    looks = iter([False, True])
    assert not work_through(engine, 1, wanted_elsewhere=lambda: next(looks))
    half = as_alice.get(answer.location)
    assert half.texts(".figure") == ["1,000", "0", "0"]
    work(session, engine)
    assert as_alice.get(answer.location).texts(".figure") == ["2,005", "0", "0"]
    assert count_of(session, clients_of(alice.id)) == 2005


def test_of_two_workers_at_one_file_each_row_counts_once(
    as_alice: Visitor, session: Session, engine: Engine, alice: User
) -> None:
    rows = "".join(f"client{number}@example.org\n" for number in range(BATCH_SIZE + 5))
    answer = upload(as_alice, rows.encode())
    session.commit()
    looks = 0

    def other_comes() -> bool:
        nonlocal looks
        looks += 1
        if looks == 2:
            # While this one is between two batches, the other does all that is left.
            work_through(engine, 1, wanted_elsewhere=lambda: False)
        return False

    work_through(engine, 1, wanted_elsewhere=other_comes)
    assert as_alice.get(answer.location).texts(".figure") == ["1,005", "0", "0"]


def test_a_file_without_a_column_of_addresses_changes_nothing_and_says_what_to_do(
    as_alice: Visitor, session: Session, engine: Engine, alice: User
) -> None:
    answer = upload(as_alice, b"full_name,comment\nAnna,x\n")
    work(session, engine)
    report = as_alice.get(answer.location, htmx=True)
    assert "The column “email” is missing" in report.words and not report.one("#import").has_attr("hx-get")
    assert count_of(session, clients_of(alice.id)) == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty."),
        (b" \r\n", "The file is empty."),
        (b"PK\x03\x04 xlsx", "This is a workbook."),
        (b"x" * 101, "The file has more than"),
    ],
)
def test_what_cannot_be_imported_is_refused_at_its_field(
    as_alice: Visitor, session: Session, monkeypatch: pytest.MonkeyPatch, content: bytes, words: str
) -> None:
    monkeypatch.setattr(forms.UploadForm, "most_bytes", 100)
    page = upload(as_alice, content)
    assert page.status_code == 422 and words in page.one("#file-error").get_text()
    assert session.scalar(select(ClientImport.id)) is None


def test_nothing_chosen_is_refused_at_the_field(as_alice: Visitor) -> None:
    for data in ({}, {"file": "text"}, {"file": (BytesIO(b""), "")}):
        page = as_alice.post("/clients/import", data=data)
        assert page.status_code == 422 and page.one("#file-error").get_text(strip=True) == "Choose a file."


def test_files_wait_for_one_another_instead_of_filling_the_database(as_alice: Visitor, session: Session) -> None:
    statuses = [upload(as_alice, b"anna@example.org").status_code for _file in range(4)]
    assert statuses == [303, 303, 303, 422]


def test_without_redis_the_file_is_kept_and_the_page_says_that_it_waits(
    as_alice: Visitor, alice: User, redis_server: RedisServer
) -> None:
    redis_server.kill()
    answer = upload(as_alice, b"anna@example.org")
    assert answer.status_code == 303
    assert "the file waits until it is back" in as_alice.get(answer.location).words


def test_someone_elses_import_is_not_found(as_alice: Visitor, as_bob: Visitor) -> None:
    answer = upload(as_alice, b"anna@example.org")
    assert as_bob.get(answer.location).status_code == 404
    assert "clients.csv" not in as_bob.get("/clients/import").words


def test_a_file_of_which_nothing_is_heard_is_rung_for_again(
    app: Flask, as_alice: Visitor, session: Session, redis_server: RedisServer
) -> None:
    upload(as_alice, b"anna@example.org")
    redis_server.client.flushall()
    with app.app_context():
        ring_silent_imports()
        assert redis_server.client.llen("rq:queue:imports") == 0
        session.execute(update(ClientImport).values(rung_at=None))
        session.commit()
        ring_silent_imports()
        ring_silent_imports()
    assert redis_server.client.llen("rq:queue:imports") == 1
