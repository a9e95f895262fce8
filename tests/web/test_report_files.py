"""The reports as CSV files: what their pages show, safe to open, and made a piece at a time."""

import csv
from io import StringIO

import pytest
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from mailer.domain.clock import database_now
from mailer.domain.report_files import RECIPIENT_COLUMNS
from mailer.models.audit import Action, AuditEntry
from mailer.models.mailings import Recipient
from mailer.models.users import User
from tests.support.factories import (
    attempt_on,
    client_of,
    completed_mailing_of,
    message_of,
    recipients_of,
    settle,
    started_mailing_of,
)
from tests.support.visitor import Page, Visitor


def rows_in(page: Page) -> list[dict[str, str]]:
    assert page.status_code == 200 and page.mimetype == "text/csv"
    return list(csv.DictReader(StringIO(page.get_data().decode("utf-8-sig"))))


@pytest.fixture
def sent(alice: User) -> None:
    completed_mailing_of(alice, accepted=2, failed=1, message=message_of(alice, "=News"))
    running = started_mailing_of(alice, message=message_of(alice, "Sale"), clients=[client_of(alice, "a@b.example")])
    attempt_on(recipients_of(running)[0], reply="2.0.0 Ok")


@pytest.mark.usefixtures("sent")
def test_each_report_has_a_file_that_adds_up(as_alice: Visitor, as_manager: Visitor) -> None:
    mailings = rows_in(as_alice.get("/reports/mailings.csv"))
    assert [(row["subject"], row["accepted"], row["failed"], row["pending"], row["total"]) for row in mailings] == [
        ("Sale", "0", "0", "1", "1"), ("'=News", "2", "1", "0", "3"),
    ]
    for kind in ("periods", "domains"):
        rows = rows_in(as_alice.get(f"/reports/{kind}.csv"))
        assert sum(int(row["success"]) for row in rows) == 3 and sum(int(row["total"]) for row in rows) == 4
    replies = rows_in(as_alice.get("/reports/replies.csv"))
    assert sorted((row["code"], row["attempts"], row["example"]) for row in replies) == [
        ("250", "3", ""), ("550", "1", "5.1.1 User unknown"),
    ]
    (owner,) = rows_in(as_manager.get("/reports/owners.csv?scope=all"))
    assert (owner["owner"], owner["mailings"], owner["total"]) == ("alice@mailer.example", "2", "4")


@pytest.mark.usefixtures("sent")
def test_the_filters_hold_in_files_too(as_alice: Visitor, as_bob: Visitor) -> None:
    assert [row["domain"] for row in rows_in(as_alice.get("/reports/domains.csv?mailing=2"))] == ["b.example"]
    assert rows_in(as_alice.get("/reports/mailings.csv?to=2001-01-01")) == []
    assert rows_in(as_bob.get("/reports/mailings.csv")) == []
    assert as_alice.get("/reports/mailings.csv?from=nonsense").status_code == 404
    assert as_alice.get("/reports/mailings.csv?scope=all").status_code == 404
    assert as_alice.get("/reports/owners.csv").status_code == 404


def test_a_mailings_file_has_a_line_for_each_recipient_with_the_last_answer(
    as_alice: Visitor, session: Session, alice: User
) -> None:
    clients = [client_of(alice, "+anna@example.org", "=1+1"), client_of(alice, "boris@example.org")]
    mailing = started_mailing_of(alice, clients=clients)
    anna, _boris = recipients_of(mailing)
    attempt_on(anna, reply="earlier")
    settle(anna, "failed")  # type: ignore[arg-type]
    page = as_alice.get(f"/reports/mailings/{mailing.id}.csv")
    first, second = rows_in(page)
    assert tuple(first) == RECIPIENT_COLUMNS
    assert first["email"] == "'+anna@example.org" and first["full_name"] == "'=1+1"
    assert (first["state"], first["code"], first["reply"]) == ("failed", "550", "5.1.1 User unknown")
    assert (second["state"], second["status"], second["tries"]) == ("pending", "", "0")
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == Action.EXPORT)).one()
    assert (entry.thing_id, entry.actor_email) == (mailing.id, alice.email)


def test_it_is_somebody_elses_to_others_and_moderators_may_have_it(
    as_bob: Visitor, as_manager: Visitor, anonymous: Visitor, alice: User
) -> None:
    path = f"/reports/mailings/{completed_mailing_of(alice).id}.csv"
    assert as_bob.get(path).status_code == 404
    assert len(rows_in(as_manager.get(path))) == 1
    assert anonymous.get(path).location.startswith("/auth/login")


def test_a_long_file_is_made_a_piece_at_a_time(as_alice: Visitor, session: Session, alice: User) -> None:
    mailing = started_mailing_of(alice)
    now = database_now(session)
    row = {"mailing_id": mailing.id, "state": "expired", "tries": 0, "round": 1, "changed_at": now, "full_name": "N"}
    rows = [row | {"email": f"{n}@example.org", "email_key": f"{n}@example.org"} for n in range(6000)]
    session.execute(insert(Recipient), rows)
    answer = as_alice.get(f"/reports/mailings/{mailing.id}.csv", buffered=False)
    pieces = list(answer.iter_encoded())
    assert len(pieces) > 3 and sum(piece.count(b"\n") for piece in pieces) == 6002
    assert max(map(len, pieces)) < 300_000
