"""The log of attempts: newest first, narrowed by mailing, status and address, and only ever one's own."""

import pytest

from mailer.models.mailings import AttemptStatus, Mailing, RecipientState, Verdict
from mailer.models.users import User
from tests.support.factories import (
    attempt_on,
    clients_with,
    completed_mailing_of,
    message_of,
    recipients_of,
    settle,
    started_mailing_of,
)
from tests.support.visitor import Page, Visitor
from tests.web.conftest import CountQueries


@pytest.fixture
def mailing(alice: User) -> Mailing:
    """Anna has accepted after a greylisting, Boris is refused."""
    clients = clients_with(alice, "anna@example.org", "boris@пример.example")
    mailing = started_mailing_of(alice, message=message_of(alice, "Новости"), clients=clients)
    anna, boris = recipients_of(mailing)
    attempt_on(anna, AttemptStatus.DEFERRED, Verdict.TEMPORARY, 451, "4.7.1 Greylisted")
    settle(boris, RecipientState.FAILED)
    settle(anna, RecipientState.ACCEPTED)
    return mailing


def lines(page: Page) -> list[tuple[str, str]]:
    """Address and status of each attempt shown."""
    return [
        (str(row.select(".addr")[0]["title"]), row.select(".state")[0].get_text(strip=True))
        for row in page.all("tbody tr")
    ]


def test_an_empty_log_says_what_will_stand_there(as_alice: Visitor) -> None:
    assert "No attempts yet" in as_alice.get("/attempts/").words


def test_the_newest_attempt_comes_first_with_everything_about_it(as_alice: Visitor, mailing: Mailing) -> None:
    page = as_alice.get("/attempts/")
    assert lines(page) == [
        ("anna@example.org", "success"),
        ("boris@пример.example", "failed"),
        ("anna@example.org", "deferred"),
    ]
    refused = page.all("tbody tr")[1].get_text(" ", strip=True)
    recipient = recipients_of(mailing)[1]
    for part in ("550", "5.1.1 User unknown", "Новости", f"{mailing.id}.{recipient.id}@mailer.example"):
        assert part in refused
    assert page.has("tbody time[datetime]")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=failed", ["boris@пример.example"]),
        ("status=success", ["anna@example.org"]),
        ("status=unknown", []),
        ("status=nonsense", ["anna@example.org", "boris@пример.example", "anna@example.org"]),
        ("q=ANNA", ["anna@example.org", "anna@example.org"]),
        ("q=Пример", ["boris@пример.example"]),
        ("q=xn--", ["boris@пример.example"]),
        ("q=anna&status=deferred", ["anna@example.org"]),
        ("q=%25", []),
    ],
)
def test_the_log_is_narrowed_by_status_and_address(
    as_alice: Visitor, mailing: Mailing, query: str, found: list[str]
) -> None:
    assert [address for address, _ in lines(as_alice.get(f"/attempts/?{query}"))] == found


def test_the_log_is_narrowed_by_mailing(as_alice: Visitor, alice: User, mailing: Mailing) -> None:
    other = completed_mailing_of(alice, accepted=1)
    assert len(lines(as_alice.get(f"/attempts/?mailing={other.id}"))) == 1
    page = as_alice.get(f"/attempts/?mailing={mailing.id}&status=failed")
    assert len(lines(page)) == 1 and page.one("#mailing option[selected]").get_text() == f"Новости · {mailing.id}"
    assert f"mailing={mailing.id}" in str(page.all(".filters a")[0]["href"])


@pytest.mark.parametrize("mailing_id", ["", "abc", "9" * 30])
def test_a_mailing_that_cannot_be_is_passed_over(as_alice: Visitor, mailing: Mailing, mailing_id: str) -> None:
    assert len(lines(as_alice.get(f"/attempts/?mailing={mailing_id}"))) == 3


def test_somebody_elses_attempts_are_not_shown(as_bob: Visitor, mailing: Mailing) -> None:
    assert lines(as_bob.get("/attempts/")) == []
    page = as_bob.get(f"/attempts/?mailing={mailing.id}")
    assert lines(page) == [] and "Новости" not in page.words


def test_pages_follow_one_another_and_name_every_attempt_once(as_alice: Visitor, alice: User) -> None:
    mailing = completed_mailing_of(alice, accepted=120)
    seen, url = [], "/attempts/"
    while url:
        page = as_alice.get(url)
        seen += [str(row["id"]) for row in page.all("tbody tr")]
        links = [link for link in page.all(".pager a") if "Next" in link.get_text()]
        url = str(links[0]["href"]) if links else ""
    assert len(seen) == len(set(seen)) == 120
    assert seen == sorted(seen, key=lambda name: -int(name.removeprefix("attempt-")))
    assert f"/mailings/{mailing.id}" in str(page.soup)


def test_htmx_gets_the_log_alone(as_alice: Visitor, mailing: Mailing) -> None:
    page = as_alice.get("/attempts/?status=failed", htmx=True)
    assert not page.has("html") and len(lines(page)) == 1


def test_the_log_asks_few_questions(as_alice: Visitor, alice: User, count_queries: CountQueries) -> None:
    completed_mailing_of(alice, accepted=30, failed=10)
    with count_queries() as queries:
        as_alice.get("/attempts/")
    assert len(queries) <= 10


def test_anonymous_visitors_go_to_the_login(anonymous: Visitor) -> None:
    assert anonymous.get("/attempts/").location.startswith("/auth/login")
