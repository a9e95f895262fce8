"""The list of those who must not be written to: read, added to by hand, and own entries lifted with a reason."""

from io import BytesIO

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.models.audit import Action, AuditEntry
from mailer.models.clients import Suppression, SuppressionReason
from mailer.models.users import User
from tests.support.factories import suppress
from tests.support.visitor import Page, Visitor

EMAIL = "anna@example.org"


def entry(session: Session) -> Suppression:
    session.commit()
    session.expire_all()
    return session.scalars(select(Suppression)).one()


def test_an_address_is_added_by_hand_once_and_written_down(as_alice: Visitor, session: Session, alice: User) -> None:
    for words in ("is not written to any more", "stands here already"):
        answer = as_alice.post("/suppressions/new", data={"email": "Anna@example.org"})
        assert (answer.status_code, answer.location) == (303, "/suppressions/")
        assert words in " ".join(as_alice.get("/suppressions/").texts(".toast"))
    assert (entry(session).owner_id, entry(session).reason) == (alice.id, SuppressionReason.BY_HAND)
    assert [line.action for line in session.scalars(select(AuditEntry))] == [Action.SUPPRESS]


def test_what_is_no_address_is_refused_at_its_field(as_alice: Visitor) -> None:
    page = as_alice.post("/suppressions/new", data={"email": "nobody"})
    assert page.status_code == 422 and page.has("#email-error")


def test_an_own_entry_is_lifted_with_a_reason_that_is_kept(as_alice: Visitor, session: Session, alice: User) -> None:
    suppress(alice, EMAIL, reason=SuppressionReason.BY_HAND)
    path = f"/suppressions/{entry(session).id}/lift"
    assert as_alice.post(path, data={"reason": " "}).status_code == 422
    assert as_alice.post(path, data={"reason": "She asked by phone."}).status_code == 303
    assert entry(session).lift_reason == "She asked by phone." and entry(session).lifted_at is not None
    assert EMAIL not in as_alice.get("/suppressions/").texts("tbody th")
    assert "She asked by phone." in as_alice.get("/suppressions/?show=lifted").words


@pytest.mark.parametrize("reason", [SuppressionReason.UNSUBSCRIBED, SuppressionReason.HARD_FAILURE])
def test_what_somebody_else_has_said_cannot_be_lifted(
    as_alice: Visitor, session: Session, alice: User, reason: SuppressionReason
) -> None:
    suppress(alice, EMAIL, reason=reason)
    path = f"/suppressions/{entry(session).id}/lift"
    assert not as_alice.get("/suppressions/").has("tbody .btn")
    assert as_alice.get(path).status_code == as_alice.post(path, data={"reason": "x"}).status_code == 403
    assert entry(session).lifted_at is None


def test_the_list_is_searched_and_is_ones_own(as_alice: Visitor, as_bob: Visitor, alice: User) -> None:
    suppress(alice, EMAIL, "boris@example.org")
    assert len(as_alice.get("/suppressions/").all("tbody tr")) == 2
    assert len(as_alice.get("/suppressions/?q=ANNA").all("tbody tr")) == 1
    assert "No address matches" in as_alice.get("/suppressions/?q=vera").words
    assert as_bob.get("/suppressions/").all("tbody tr") == []


def upload(visitor: Visitor, content: bytes, name: str = "no.csv") -> Page:
    page = visitor.get("/suppressions/import")
    return visitor.post("/suppressions/import", data={**page.fields(), "file": (BytesIO(content), name)})


def test_a_file_of_addresses_is_added_and_written_down(as_alice: Visitor, session: Session, alice: User) -> None:
    answer = upload(as_alice, b"email\nanna@example.org\nboris@example.org\n")
    assert (answer.status_code, answer.location) == (303, "/suppressions/")
    page = as_alice.get("/suppressions/")
    assert "Added 2 addresses." in page.words and len(page.all("tbody tr")) == 2
    assert [line.action for line in session.scalars(select(AuditEntry))] == [Action.SUPPRESS]


def test_refused_lines_of_a_file_are_named(as_alice: Visitor) -> None:
    page = upload(as_alice, b"anna@example.org\nnobody\n")
    assert page.status_code == 200 and "Added 1 address." in page.words
    assert [row.get_text(" ", strip=True) for row in page.all("tbody tr")] == [
        "2 The address is not one that mail can be sent to."
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty."),
        (b"PK\x03\x04", "This is a workbook."),
        (b"name,phone\nAnna,1\n", "none of them is"),
        (b"a" * (3 * 1024**2 + 1), "more than 3 MB"),
    ],
    ids=["empty", "workbook", "no column", "too large"],
)
def test_what_is_no_file_of_addresses_is_refused_at_its_field(as_alice: Visitor, content: bytes, words: str) -> None:
    page = upload(as_alice, content)
    assert page.status_code == 422 and words in page.one("#file-error").get_text()
