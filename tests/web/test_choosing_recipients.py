"""The chooser: clients are searched and paged, and who was chosen on one page is kept on the next."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.domain.booking import selected_client_ids
from mailer.mailings.selection import Selection, packed, unpacked
from mailer.models.mailings import Mailing
from mailer.models.users import User
from tests.support.factories import client_of, message_of, suppress
from tests.support.visitor import Page, Visitor
from tests.support.windows import window


def many_clients(owner: User, count: int = 60) -> list[int]:
    return [client_of(owner, f"client{n:02}@example.org", f"Client {n:02}").id for n in range(count)]


def form_of(owner: User, **changes: Any) -> dict[str, Any]:
    return {"message_id": message_of(owner).id, "audience": "selected", **window(), **changes}


def step(page: Page, words: str) -> tuple[str, dict[str, Any]]:
    """The address and the fields that the button with these words would send."""
    (button,) = [tag for tag in page.all("button[name=act]") if tag.get_text(strip=True).startswith(words)]
    return str(button["formaction"]), {**page.fields(), "act": button["value"]}


def test_choices_on_several_pages_all_arrive_without_javascript(
    as_alice: Visitor, session: Session, alice: User
) -> None:
    ids = many_clients(alice)
    first = as_alice.get("/mailings/new")
    url, fields = step(first, "Next")
    second = as_alice.post(url, data={**fields, **form_of(alice), "client_ids": [ids[3]]})
    assert second.status_code == 200 and "51–60 of 60" in second.words
    assert "Drop the 1 chosen" in second.words
    url, fields = step(second, "Previous")
    again = as_alice.post(url, data={**fields, "client_ids": [ids[55]]})
    assert [box["value"] for box in again.all("[name=client_ids][checked]")] == [str(ids[3])]
    answer = as_alice.post("/mailings/new", data={**again.fields(), "client_ids": [ids[3], ids[4]]})
    assert answer.status_code == 303
    mailing = session.scalars(select(Mailing)).one()
    assert sorted(selected_client_ids(session, mailing)) == [ids[3], ids[4], ids[55]]


def test_a_tick_that_is_taken_away_is_gone(as_alice: Visitor, alice: User) -> None:
    ids = many_clients(alice, 5)
    page = as_alice.post("/mailings/new", data=form_of(alice, client_ids=ids, act="find"))
    page = as_alice.post("/mailings/new", data={**page.fields(), "client_ids": ids[1:], "act": "find"})
    assert "Drop all 4 chosen" in page.words


def test_a_search_keeps_those_chosen_before(as_alice: Visitor, alice: User) -> None:
    ids = many_clients(alice, 12)
    page = as_alice.post("/mailings/new", data=form_of(alice, client_ids=[ids[0]], find="client 1", act="find"))
    assert page.texts(".chooser-list .cut") == ["Client 10", "Client 11"]
    assert "Drop the 1 chosen" in page.words


def test_all_that_were_found_are_added_at_once(as_alice: Visitor, session: Session, alice: User) -> None:
    ids = many_clients(alice, 12)
    page = as_alice.post("/mailings/new", data=form_of(alice, find="client 0", act="add"))
    assert "Drop all 10 chosen" in page.words and page.one("#summary .figure").get_text() == "10"
    assert as_alice.post("/mailings/new", data=page.fields()).status_code == 303
    mailing = session.scalars(select(Mailing)).one()
    assert sorted(selected_client_ids(session, mailing)) == ids[:10]


def test_everybody_can_be_dropped_again(as_alice: Visitor, alice: User) -> None:
    page = as_alice.post("/mailings/new", data=form_of(alice, client_ids=many_clients(alice, 3), act="clear"))
    assert not page.has("[name=client_ids][checked]") and "chosen" not in page.texts(".chooser button")


def test_a_step_of_the_chooser_saves_nothing(as_alice: Visitor, session: Session, alice: User) -> None:
    as_alice.post("/mailings/new", data=form_of(alice, client_ids=many_clients(alice, 3), act="find"))
    assert session.scalar(select(Mailing.id)) is None


def test_htmx_gets_the_clients_or_the_summary_alone(as_alice: Visitor, alice: User) -> None:
    form = form_of(alice, client_ids=many_clients(alice, 3))
    found = as_alice.post("/mailings/new", data={**form, "act": "find"}, htmx=True)
    assert not found.has("html") and len(found.all("[name=client_ids]")) == 3
    summary = as_alice.post("/mailings/new", data={**form, "act": "preview"}, htmx=True)
    assert summary.one("#summary .figure").get_text() == "3"


def test_the_clients_of_others_are_not_offered(as_alice: Visitor, alice: User, bob: User) -> None:
    client_of(bob, full_name="Secret")
    client_of(alice, full_name="Anna")
    page = as_alice.get("/mailings/new")
    assert page.texts(".chooser-list .cut") == ["Anna"]
    page = as_alice.post("/mailings/new", data=form_of(alice, find="secret", act="add"))
    assert page.one("#summary .figure").get_text() == "0"


@pytest.mark.parametrize("chosen", ["1-99999999999999999999", "1-999999999999", "x", "-", "5-", "7-3", "1 x 3-2", "١"])
def test_a_forged_selection_does_no_harm(as_alice: Visitor, alice: User, chosen: str) -> None:
    client_of(alice)
    assert as_alice.post("/mailings/new", data=form_of(alice, chosen=chosen, act="find")).status_code == 200


def test_ids_are_packed_as_runs_and_come_back() -> None:
    assert packed([3, 1, 2, 9, 11, 12]) == "1-3 9 11-12"
    assert unpacked("1-3 9 11-12") == {1, 2, 3, 9, 11, 12}
    assert Selection(frozenset(range(1, 100_001))).packed == "1-100000"


def test_whoever_must_not_be_written_to_is_marked_and_cannot_be_chosen(
    as_alice: Visitor, session: Session, alice: User
) -> None:
    anna, boris, vera = many_clients(alice, 3)
    suppress(alice, "client00@example.org")
    page = as_alice.get("/mailings/new")
    assert [box["value"] for box in page.all("[name=client_ids][disabled]")] == [str(anna)]
    assert page.texts(".chooser-list .is-suppressed") == ["unsubscribed"]
    found = as_alice.post("/mailings/new", data=form_of(alice, act="add"))
    assert {box["value"] for box in found.all("[name=client_ids][checked]")} == {str(boris), str(vera)}
    assert as_alice.post("/mailings/new", data=form_of(alice, client_ids=[anna, vera])).status_code == 303
    mailing = session.scalars(select(Mailing)).one()
    assert selected_client_ids(session, mailing) == [vera]
    refused = as_alice.post("/mailings/new", data=form_of(alice, client_ids=[anna]))
    assert refused.status_code == 422 and "At least one recipient is needed" in refused.words
