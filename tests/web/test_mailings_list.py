"""The list of mailings: search, filter by status, books and holds of each."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from mailer.domain.clock import database_now
from mailer.domain.holds import hold_mailing
from mailer.models.lanes import HoldKind
from mailer.models.users import User
from tests.support.factories import (
    client_of,
    completed_mailing_of,
    mailing_of,
    message_of,
    started_mailing_of,
)
from tests.support.visitor import Page, Visitor
from tests.web.conftest import CountQueries


def names_in(page: Page) -> list[str]:
    return [str(link["title"]) for link in page.all("tbody th a")]


def test_an_empty_list_says_what_to_do(as_alice: Visitor) -> None:
    page = as_alice.get("/mailings/")
    assert page.status_code == 200
    assert page.one(".empty a")["href"] == "/mailings/new"


def test_the_newest_mailing_comes_first_with_its_books(as_alice: Visitor, alice: User) -> None:
    completed_mailing_of(alice, accepted=2, failed=1, message=message_of(alice, "Old news"))
    mailing_of(alice, message=message_of(alice, "Новости"))
    page = as_alice.get("/mailings/")
    assert names_in(page) == ["Новости", "Old news"]
    assert [bar["aria-label"] for bar in page.all("tbody .books-bar")] == [
        "Of 3: pending 3",
        "Of 3: accepted 2, failed 1",
    ]
    assert "2 of 3 accepted" in page.words and "to 3 recipients" in page.words


def test_somebody_elses_mailings_are_not_listed(as_bob: Visitor, alice: User) -> None:
    mailing_of(alice)
    assert names_in(as_bob.get("/mailings/")) == []


def test_the_search_finds_cyrillic_subjects_in_any_case(as_alice: Visitor, alice: User) -> None:
    mailing_of(alice, message=message_of(alice, "Приглашение на урок"))
    mailing_of(alice, message=message_of(alice, "Price list"))
    assert names_in(as_alice.get("/mailings/?q=УРОК")) == ["Приглашение на урок"]
    assert "No mailing matches" in as_alice.get("/mailings/?q=nothing").words


def test_the_status_narrows_the_list_and_keeps_the_search(as_alice: Visitor, alice: User) -> None:
    client_of(alice)
    for subject in ("Sale in May", "Sale in June", "Moving"):
        mailing_of(alice, message=message_of(alice, subject))
    started_mailing_of(alice, message=message_of(alice, "Sale in July"))
    page = as_alice.get("/mailings/?status=created&q=sale")
    assert names_in(page) == ["Sale in June", "Sale in May"]
    assert page.texts(".filters a") == ["All 3", "Created 2", "Started 1", "Completed 0"]
    assert page.one(".filters a[aria-current]").get_text() == "Created 2"
    assert "q=sale" in str(page.all(".filters a")[2]["href"])


def test_a_status_that_does_not_exist_is_passed_over(as_alice: Visitor, alice: User) -> None:
    mailing_of(alice)
    assert len(names_in(as_alice.get("/mailings/?status=launched"))) == 1


def test_a_hold_shrinks_to_a_line_under_the_name(as_alice: Visitor, alice: User, session: Session) -> None:
    mailing = started_mailing_of(alice)
    hold_mailing(session, mailing.id, HoldKind.PAUSED, database_now(session), placed_by_id=alice.id)
    assert as_alice.get("/mailings/").one(".hold-line").get_text(" ", strip=True).startswith("Paused by you since")


def test_pages_follow_one_another_without_losing_or_repeating_anybody(as_alice: Visitor, alice: User) -> None:
    client_of(alice)
    for number in range(60):
        mailing_of(alice, message=message_of(alice, f"Letter {number}"))
    first = as_alice.get("/mailings/")
    second = as_alice.get(str(first.all(".pager a")[-1]["href"]))
    assert names_in(first) + names_in(second) == [f"Letter {number}" for number in reversed(range(60))]
    assert "51–60 of 60" in second.words
    back = as_alice.get(str(second.all(".pager a")[0]["href"]))
    assert names_in(back) == names_in(first)


def test_htmx_gets_the_list_alone(as_alice: Visitor, alice: User) -> None:
    mailing_of(alice)
    page = as_alice.get("/mailings/", htmx=True)
    assert not page.has("html") and page.has("#mailings tbody tr")
    assert "HX-Request-Type" in page.headers["Vary"]


def test_the_list_asks_few_questions_however_long_it_is(
    as_alice: Visitor, alice: User, count_queries: CountQueries
) -> None:
    for number in range(18):
        mailing_of(alice, clients=[client_of(alice)], starts_in=timedelta(hours=number + 1))
        mailing_of(alice)
        completed_mailing_of(alice)
    for path in ("/mailings/", str(as_alice.get("/mailings/?sort=name").all(".pager a")[-1]["href"])):
        with count_queries() as queries:
            assert as_alice.get(path).has("#mailings tbody tr")
        assert len(queries) <= 6, path


@pytest.mark.parametrize("path", ["/mailings/", "/mailings/new", "/mailings/1", "/mailings/1/edit"])
def test_anonymous_visitors_go_to_the_login(anonymous: Visitor, path: str) -> None:
    page = anonymous.get(path)
    assert page.status_code == 303 and page.location.startswith("/auth/login")
