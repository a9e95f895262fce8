"""Deleting a mailing: a question first, and the name where it is proof."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.models.mailings import Attempt, Mailing, Recipient, RecipientState
from mailer.models.users import User
from tests.support.factories import (
    completed_mailing_of,
    mailing_of,
    message_of,
    recipients_of,
    started_mailing_of,
)
from tests.support.redis_server import RedisServer
from tests.support.visitor import Visitor

IN_THE_LIST = {"HX-Current-URL": "http://localhost/mailings/"}


def is_there(session: Session, mailing_id: int) -> bool:
    session.expire_all()
    return session.scalar(select(Mailing.id).where(Mailing.id == mailing_id)) is not None


def test_a_booked_mailing_is_deleted_without_typing(
    as_alice: Visitor, session: Session, alice: User, redis_server: RedisServer
) -> None:
    mailing_id = mailing_of(alice, message=message_of(alice, "The move")).id
    question = as_alice.get(f"/mailings/{mailing_id}/ask/delete")
    assert "Delete “The move”?" in question.words and not question.has("[name=name]")
    answer = as_alice.post(f"/mailings/{mailing_id}/delete")
    assert answer.status_code == 303 and answer.location == "/mailings/"
    assert not is_there(session, mailing_id)
    assert "Deleted: The move." in as_alice.get("/mailings/").words


def test_the_booking_goes_with_the_mailing(as_alice: Visitor, alice: User, redis_server: RedisServer) -> None:
    mailing = mailing_of(alice)
    fields = as_alice.get(f"/mailings/{mailing.id}/edit").fields()
    as_alice.post(f"/mailings/{mailing.id}/edit", data=fields)
    assert redis_server.client.zcard("rq:scheduler:scheduled_jobs") == 1
    as_alice.post(f"/mailings/{mailing.id}/delete")
    assert redis_server.client.zcard("rq:scheduler:scheduled_jobs") == 0


@pytest.mark.parametrize("name", [None, "", "the move", "The mov", "The move!"])
def test_a_completed_mailing_stays_unless_its_name_is_typed(
    as_alice: Visitor, session: Session, alice: User, name: str | None
) -> None:
    mailing_id = completed_mailing_of(alice, message=message_of(alice, "The move")).id
    page = as_alice.post(f"/mailings/{mailing_id}/delete", data={} if name is None else {"name": name})
    assert page.status_code == 422 and "Type the name exactly" in page.words
    assert page.one("[name=name]")["aria-invalid"] == "true"
    assert is_there(session, mailing_id)


def test_with_its_name_a_completed_mailing_goes_with_all_its_proof(
    as_alice: Visitor, session: Session, alice: User
) -> None:
    mailing_id = completed_mailing_of(alice, accepted=2, message=message_of(alice, "The  «move» & more")).id
    answer = as_alice.post(f"/mailings/{mailing_id}/delete", data={"name": " The «move» & more "})
    assert answer.status_code == 303 and not is_there(session, mailing_id)
    assert session.scalar(select(Recipient.id)) is None and session.scalar(select(Attempt.id)) is None


def test_while_letters_are_handed_over_it_cannot_be_deleted(as_alice: Visitor, session: Session, alice: User) -> None:
    mailing = started_mailing_of(alice)
    recipients_of(mailing)[0].state = RecipientState.BEGUN
    page = as_alice.post(f"/mailings/{mailing.id}/delete", data={"name": mailing.name})
    assert page.status_code == 422 and "being handed over at this moment" in page.words
    assert is_there(session, mailing.id)


def test_htmx_deletes_from_the_list_and_shows_it_anew(as_alice: Visitor, session: Session, alice: User) -> None:
    kept, gone = mailing_of(alice).id, mailing_of(alice).id
    question = as_alice.get(f"/mailings/{gone}/ask/delete", htmx=True, headers=IN_THE_LIST)
    assert question.one("form")["hx-target"] == "#mailings"
    page = as_alice.post(f"/mailings/{gone}/delete", htmx=True, headers=IN_THE_LIST)
    assert [row["id"] for row in page.all("tbody tr")] == [f"mailing-{kept}"]
    assert "Deleted" in page.headers["HX-Trigger"]


def test_from_its_own_page_the_question_leads_to_the_list(as_alice: Visitor, alice: User) -> None:
    question = as_alice.get(f"/mailings/{mailing_of(alice).id}/ask/delete", htmx=True)
    assert not question.one("form").has_attr("hx-post")


def test_somebody_elses_mailing_is_not_found(as_bob: Visitor, session: Session, alice: User) -> None:
    mailing_id = mailing_of(alice).id
    assert as_bob.get(f"/mailings/{mailing_id}/ask/delete").status_code == 404
    assert as_bob.post(f"/mailings/{mailing_id}/delete").status_code == 404
    assert is_there(session, mailing_id)


def test_a_get_deletes_nothing(as_alice: Visitor, session: Session, alice: User) -> None:
    mailing_id = mailing_of(alice).id
    assert as_alice.get(f"/mailings/{mailing_id}/delete").status_code == 405
    assert is_there(session, mailing_id)


def test_anonymous_visitors_go_to_the_login(anonymous: Visitor, session: Session, alice: User) -> None:
    mailing_id = mailing_of(alice).id
    assert anonymous.post(f"/mailings/{mailing_id}/delete").location.startswith("/auth/login")
    assert is_there(session, mailing_id)
