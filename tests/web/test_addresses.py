"""One address: what is kept about it, its file, and the question before it is erased."""

import json

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.domain.clock import database_now
from mailer.domain.erasing import erase_address
from mailer.models.audit import Action, AuditEntry
from mailer.models.mailings import Mailing, RecipientState
from mailer.models.users import User
from tests.support.factories import clients_with, recipients_of, settle, started_mailing_of, suppress
from tests.support.visitor import Visitor

ANNA = "anna@example.org"


@pytest.fixture
def mailing(alice: User) -> Mailing:
    mailing = started_mailing_of(alice, clients=clients_with(alice, ANNA))
    settle(recipients_of(mailing)[0], RecipientState.ACCEPTED)
    suppress(alice, ANNA)
    return mailing


def test_an_address_is_looked_up(as_alice: Visitor, mailing: Mailing) -> None:
    page = as_alice.get(f"/addresses/?email={ANNA.upper()}")
    assert "Anna" in page.words and page.has(f"a[href='/clients/{recipients_of(mailing)[0].client_id}']")
    assert "Nothing is kept about this address." in as_alice.get("/addresses/?email=nobody@example.org").words
    assert as_alice.get("/addresses/").status_code == 200
    assert as_alice.get("/addresses/?email=nonsense").status_code == 422


def test_the_client_and_the_suppressions_lead_here(as_alice: Visitor, mailing: Mailing) -> None:
    client = as_alice.get(f"/clients/{recipients_of(mailing)[0].client_id}")
    assert client.has(f"a[href='/addresses/?email={ANNA}']")
    assert as_alice.get("/suppressions/").has("a[href='/addresses/']")


def test_everything_about_it_is_a_file(as_alice: Visitor, session: Session, mailing: Mailing) -> None:
    answer = as_alice.get(f"/addresses/export?email={ANNA}")
    assert "attachment" in answer.headers["Content-Disposition"]
    dossier = json.loads(answer.get_data())
    assert dossier["client"]["email"] == ANNA and len(dossier["letters"]) == len(dossier["suppressions"]) == 1
    entry = session.scalars(select(AuditEntry)).one()
    assert entry.action is Action.EXPORT and ANNA not in entry.search_key
    assert as_alice.get("/addresses/export?email=nonsense").status_code == 422


def test_the_question_names_what_is_lost_and_wants_the_address_typed(as_alice: Visitor, mailing: Mailing) -> None:
    question = as_alice.get(f"/addresses/erase?email={ANNA}")
    assert "The client goes" in question.words and "1 letter loses" in question.words
    page = as_alice.post("/addresses/erase", data={"email": ANNA, "typed": "anna@example.com"})
    assert page.status_code == 422 and "Type the address as it stands here." in page.words
    assert recipients_of(mailing)[0].email == ANNA
    assert as_alice.post("/addresses/erase", data={"email": "nonsense"}).status_code == 422


def test_an_erased_address_is_gone_from_the_pages_and_cannot_be_put_on_file(
    as_alice: Visitor, session: Session, mailing: Mailing
) -> None:
    answer = as_alice.post("/addresses/erase", data={"email": ANNA, "typed": f" {ANNA.upper()} "})
    assert answer.status_code == 303
    session.expire_all()
    for path in ("/clients/", "/suppressions/", "/attempts/", f"/mailings/{mailing.id}"):
        assert ANNA not in as_alice.get(path).words, path
    form = as_alice.post("/clients/new", data={"email": ANNA})
    assert form.status_code == 422 and "must not be written to again" in form.words
    assert "It cannot come on file again" in as_alice.get(f"/addresses/?email={ANNA}").words
    entry = session.scalars(select(AuditEntry)).one()
    assert entry.action is Action.ERASE and ANNA not in entry.search_key and entry.note.startswith("1 clients")


def test_a_letter_under_way_is_waited_for(as_alice: Visitor, session: Session, mailing: Mailing) -> None:
    recipients_of(mailing)[0].state = RecipientState.BEGUN
    assert "cannot be erased just now" in as_alice.get(f"/addresses/erase?email={ANNA}").words
    page = as_alice.post("/addresses/erase", data={"email": ANNA, "typed": ANNA})
    assert page.status_code == 422 and "is being handed over" in page.words
    session.expire_all()
    assert recipients_of(mailing)[0].email == ANNA


def test_nobody_erases_what_is_somebody_elses(as_bob: Visitor, as_admin: Visitor, mailing: Mailing) -> None:
    for visitor in (as_bob, as_admin):
        assert "Nothing is kept" in visitor.get(f"/addresses/?email={ANNA}").words
        assert json.loads(visitor.get(f"/addresses/export?email={ANNA}").get_data())["letters"] == []
        visitor.post("/addresses/erase", data={"email": ANNA, "typed": ANNA})
    assert recipients_of(mailing)[0].email == ANNA


def test_who_was_erased_is_told_by_an_old_link_that_nobody_writes(
    as_alice: Visitor, session: Session, alice: User, mailing: Mailing
) -> None:
    erase_address(session, alice.id, ANNA, database_now(session))
    session.expire_all()
    row = as_alice.get("/suppressions/").texts("tbody tr")
    assert len(row) == 1 and "erased-" in row[0] and "Lift" not in row[0]


def test_anonymous_visitors_go_to_the_login_and_no_get_erases(anonymous: Visitor, as_alice: Visitor) -> None:
    for path in ("/addresses/", "/addresses/export", "/addresses/erase"):
        assert anonymous.get(path).location.startswith("/auth/login")
    assert as_alice.get("/addresses/erase").status_code == 422
