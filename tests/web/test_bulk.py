"""Ticking rows and acting on them: those ticked, or all that match; the same for clients, messages and mailings."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.models.base import Base
from mailer.models.clients import Client, Suppression
from mailer.models.mailings import Mailing
from mailer.models.messages import Message
from mailer.models.users import User
from tests.support.factories import (
    client_of,
    clients_with,
    completed_mailing_of,
    mailing_of,
    message_of,
    recipients_of,
    started_mailing_of,
    states_of,
)
from tests.support.visitor import Visitor
from tests.web.conftest import CountQueries


def count(session: Session, table: type[Base]) -> int:
    session.expire_all()
    return session.scalar(select(func.count()).select_from(table)) or 0


# Clients


def test_every_row_can_be_ticked_for_the_bar(as_alice: Visitor, alice: User) -> None:
    anna = client_of(alice, "anna@example.org", "Anna")
    page = as_alice.get("/clients/?q=ann")
    tick = page.one("tbody input[type=checkbox]")
    assert (tick["name"], tick["value"], tick["form"]) == ("client_ids", str(anna.id), "bulk")
    assert page.one("#bulk")["action"] == "/clients/delete" and page.one("#bulk [name=q]")["value"] == "ann"


def test_all_that_match_can_be_ticked_only_where_they_are_more_than_the_page(as_alice: Visitor, alice: User) -> None:
    clients_with(alice, *(f"p{number}@example.org" for number in range(51)))
    assert "All 51" in as_alice.get("/clients/").one(".bulk-all").get_text()
    assert "All 51 that match" in as_alice.get("/clients/?q=example").one(".bulk-all").get_text()
    assert not as_alice.get("/clients/?q=p50").has(".bulk-all")


def test_ticked_clients_are_named_and_deleted_without_javascript(
    as_alice: Visitor, session: Session, alice: User
) -> None:
    anna, boris, vera = clients_with(alice, "anna@example.org", "boris@example.org", "vera@example.org")
    mailing_of(alice, clients=[anna, vera])
    question = as_alice.get(f"/clients/delete?client_ids={anna.id}&client_ids={boris.id}&q=")
    assert question.one("#question").get_text() == "Delete 2 clients?"
    assert question.texts("main li .cut") == ["Anna", "Boris"]
    assert "1 booked mailing has chosen them" in question.words
    answer = as_alice.post("/clients/delete", data={**question.fields(), "must_not_return": "1"})
    assert (answer.status_code, answer.location) == (303, "/clients/")
    assert "Deleted 2 clients." in as_alice.get("/clients/").words
    assert session.scalars(select(Client.full_name)).all() == ["Vera"]
    assert session.scalars(select(Suppression.email_key)).all() == ["anna@example.org", "boris@example.org"]


def test_all_that_match_are_deleted_and_no_other(as_alice: Visitor, session: Session, alice: User, bob: User) -> None:
    clients_with(alice, *(f"old{number}@example.org" for number in range(60)), "new@example.org")
    client_of(bob, "old1@example.org")
    question = as_alice.get("/clients/delete?all=1&q=OLD")
    assert question.one("#question").get_text() == "Delete 60 clients?"
    assert "and 55 more" in question.words
    shown = {"HX-Current-URL": "http://localhost/clients/?q=old"}
    answer = as_alice.post("/clients/delete", data=question.fields(), htmx=True, headers=shown)
    assert answer.status_code == 200 and "No client matches" in answer.words and "1 on file" in answer.words
    assert count(session, Client) == 2


def test_whoever_came_since_the_question_is_not_deleted_unasked(
    as_alice: Visitor, session: Session, alice: User
) -> None:
    clients_with(alice, "a@example.org", "b@example.org")
    question = as_alice.get("/clients/delete?all=1")
    client_of(alice, "c@example.org")
    again = as_alice.post("/clients/delete", data=question.fields())
    assert again.status_code == 422 and again.one("#question").get_text() == "Delete 3 clients?"
    assert count(session, Client) == 3
    assert as_alice.post("/clients/delete", data=again.fields()).status_code == 303
    assert count(session, Client) == 0


def test_a_running_mailing_leaves_out_whom_it_had_not_begun(as_alice: Visitor, alice: User) -> None:
    anna, boris = clients_with(alice, "anna@example.org", "boris@example.org")
    mailing = started_mailing_of(alice, clients=[anna, boris])
    as_alice.post("/clients/delete", data={"client_ids": [anna.id], "count": "1"})
    assert states_of(mailing) == {"anna@example.org": "suppressed", "boris@example.org": "pending"}
    assert [recipient.full_name for recipient in recipients_of(mailing)] == ["Anna", "Boris"]


def test_ticked_clients_begin_a_mailing(as_alice: Visitor, alice: User) -> None:
    anna, boris, _vera = clients_with(alice, "anna@example.org", "boris@example.org", "vera@example.org")
    page = as_alice.get(f"/mailings/new?client_ids={anna.id}&client_ids={boris.id}&q=")
    assert page.one("#audience-selected").has_attr("checked") and page.one("[name=chosen]")["value"] == "1-2"
    page = as_alice.get("/mailings/new?all=1&q=VERA")
    assert page.one("#summary .figure").get_text() == "1"


# Messages


def test_ticked_messages_are_deleted_but_those_that_are_needed_stay(
    as_alice: Visitor, session: Session, alice: User
) -> None:
    needed, free = message_of(alice, "Needed"), message_of(alice, "Free")
    mailing_of(alice, message=needed)
    question = as_alice.get(f"/messages/delete?message_ids={needed.id}&message_ids={free.id}")
    assert question.one("#question").get_text() == "Delete 1 message?"
    assert "1 of the selected stays" in question.words
    assert as_alice.post("/messages/delete", data=question.fields()).status_code == 303
    assert session.scalars(select(Message.subject)).all() == ["Needed"]


def test_messages_that_are_all_needed_are_not_asked_about(as_alice: Visitor, alice: User) -> None:
    needed = message_of(alice, "Needed")
    mailing_of(alice, message=needed)
    page = as_alice.get(f"/messages/delete?message_ids={needed.id}", htmx=True)
    assert page.one("form")["method"] == "dialog"


# Mailings


def test_ticked_mailings_are_deleted_but_those_under_way_stay(
    as_alice: Visitor, session: Session, alice: User
) -> None:
    mailing_of(alice), mailing_of(alice), started_mailing_of(alice)
    question = as_alice.get("/mailings/ask/delete?all=1")
    assert question.one("#question").get_text() == "Delete 2 mailings?"
    assert "1 of the selected stays: it is under way" in question.words
    assert as_alice.post("/mailings/delete", data=question.fields()).status_code == 303
    assert session.scalars(select(Mailing.status)).all() == ["started"]


def test_proof_goes_only_where_the_number_is_typed(as_alice: Visitor, session: Session, alice: User) -> None:
    completed_mailing_of(alice), completed_mailing_of(alice)
    question = as_alice.get("/mailings/ask/delete?all=1&status=completed")
    assert "are proof" in question.words
    refused = as_alice.post("/mailings/delete", data={**question.fields(), "typed": "3"})
    assert refused.status_code == 422 and refused.one("#confirm")["aria-invalid"] == "true"
    assert count(session, Mailing) == 2
    assert as_alice.post("/mailings/delete", data={**question.fields(), "typed": "2"}).status_code == 303
    assert count(session, Mailing) == 0


def test_mailings_are_sorted_by_name_and_start(as_alice: Visitor, alice: User) -> None:
    for subject in ("b", "C", "а", "Б"):
        mailing_of(alice, message=message_of(alice, subject))
    assert as_alice.get("/mailings/?sort=name").texts("tbody th") == ["b", "C", "а", "Б"]
    assert as_alice.get("/mailings/?sort=-start").texts("tbody th") == ["b", "C", "а", "Б"]


# All of them

LISTS = [
    ("/clients/delete", "/clients/delete", "client_ids", Client),
    ("/messages/delete", "/messages/delete", "message_ids", Message),
    ("/mailings/ask/delete", "/mailings/delete", "mailing_ids", Mailing),
]


@pytest.mark.parametrize(("ask", "act", "field", "table"), LISTS)
def test_what_belongs_to_others_is_neither_counted_nor_deleted(
    as_bob: Visitor, session: Session, alice: User, ask: str, act: str, field: str, table: type[Base]
) -> None:
    mailing_of(alice, message=message_of(alice))
    for meant in ({field: [1]}, {"all": "1"}):
        asked = as_bob.get(ask, query_string=meant)
        assert asked.status_code == 303 and "selected" in as_bob.get(asked.location).texts(".toast")[0]
        as_bob.post(act, data={**meant, "count": "0"})
        as_bob.post(act, data={**meant, "count": "1"})
    assert count(session, table) == 1


@pytest.mark.parametrize(("ask", "act", "field", "table"), LISTS)
def test_nothing_goes_by_looking_and_forged_ticks_do_no_harm(
    as_alice: Visitor, session: Session, alice: User, ask: str, act: str, field: str, table: type[Base]
) -> None:
    mailing_of(alice, message=message_of(alice))
    as_alice.get(ask, query_string={"all": "1"})
    forged = {field: ["x", "-1", "9" * 30, *map(str, range(10, 3000))], "count": "1"}
    assert as_alice.post(act, data=forged).status_code in (422, 303)
    assert count(session, table) == 1


@pytest.mark.parametrize(
    ("path", "most"), [("/clients/?sort=-email&q=e", 6), ("/messages/?sort=subject", 6), ("/mailings/?sort=start", 6)]
)
def test_a_list_takes_a_handful_of_queries(
    as_alice: Visitor, alice: User, path: str, most: int, count_queries: CountQueries
) -> None:
    for _ in range(3):
        mailing_of(alice)
        started_mailing_of(alice)
    with count_queries() as queries:
        as_alice.get(path)
    assert len(queries) <= most
