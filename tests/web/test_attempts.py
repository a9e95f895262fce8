"""The log of attempts: newest first, narrowed by mailing, status and address, and only ever one's own."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

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
        ("q=Anna@Example.org", ["anna@example.org", "anna@example.org"]),
        ("verdict=recipient", ["boris@пример.example"]),
        ("verdict=temporary&status=failed", []),
        ("domain=EXAMPLE.ORG", ["anna@example.org", "anna@example.org"]),
        ("domain=@пример.example", ["boris@пример.example"]),
        ("domain=xn--e1afmkfd.example&q=bor", ["boris@пример.example"]),
        ("domain=ample.org", []),
        ("code=550", ["boris@пример.example"]),
        ("code=250", ["anna@example.org"]),
        ("code=251", []),
        ("code=none", []),
        ("code=5 0", ["anna@example.org", "boris@пример.example", "anna@example.org"]),
        ("from=2020-01-01&to=2020-12-31", []),
        ("from=2020-01-01", ["anna@example.org", "boris@пример.example", "anna@example.org"]),
    ],
)
def test_the_log_is_narrowed_by_whatever_is_asked(
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


def test_a_period_is_asked_for_in_days_of_the_users_zone(as_alice: Visitor, alice: User) -> None:
    alice.time_zone = "Asia/Tokyo"
    mailing = started_mailing_of(alice)
    mailing.started_at = datetime(2026, 3, 1, tzinfo=UTC)
    (recipient,) = recipients_of(mailing)
    # In Tokyo both are of 2 March.
    for hour in (15, 38):
        at = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(hours=hour)
        attempt_on(recipient, AttemptStatus.DEFERRED, Verdict.TEMPORARY, 451, "later", attempted_at=at)
    assert len(lines(as_alice.get("/attempts/?from=2026-03-02&to=2026-03-02"))) == 2
    assert len(lines(as_alice.get("/attempts/?to=2026-03-01"))) == 0
    assert len(lines(as_alice.get("/attempts/?from=2026-03-03&status=deferred"))) == 0


def test_a_period_that_cannot_be_is_told_and_shows_nothing(as_alice: Visitor, mailing: Mailing) -> None:
    page = as_alice.get("/attempts/?from=2026-03-02&to=2026-03-01")
    assert page.status_code == 422 and lines(page) == []
    assert "The last day must not come before the first." in page.words


def test_the_form_keeps_what_was_asked_for(as_alice: Visitor, mailing: Mailing) -> None:
    query = {"q": "bor", "domain": "пример.example", "code": "550", "verdict": "recipient", "from": "2026-01-01"}
    fields = as_alice.get(f"/attempts/?{urlencode(query | {'status': 'failed'})}").fields("main form")
    assert {name: fields[name] for name in query} == query and fields["status"] == "failed"


def test_how_many_there_are_is_counted_to_a_bound(
    as_alice: Visitor, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    completed_mailing_of(alice, accepted=4, failed=2)
    monkeypatch.setattr("mailer.domain.attempt_log.MOST_COUNTED", 5)
    assert "more than 5 attempts" in as_alice.get("/attempts/").words
    assert "2 attempts" in as_alice.get("/attempts/?status=failed").words


def test_a_search_that_no_index_answers_says_how_far_it_has_looked(
    as_alice: Visitor, alice: User, mailing: Mailing, monkeypatch: pytest.MonkeyPatch
) -> None:
    completed_mailing_of(alice, accepted=12)
    monkeypatch.setattr("mailer.domain.attempt_log.MOST_READ", 6)
    page = as_alice.get("/attempts/?q=bor")
    for _turn in range(2):
        assert lines(page) == [] and "Nothing found so far" in page.words
        page = as_alice.get(str(page.all(".pager a")[-1]["href"]))
    assert lines(page) == [("boris@пример.example", "failed")] and "Looked through" not in page.words


def test_a_moderator_may_look_at_everybodys_attempts(
    as_manager: Visitor, as_bob: Visitor, bob: User, alice: User, mailing: Mailing
) -> None:
    completed_mailing_of(bob, accepted=1)
    assert lines(as_manager.get("/attempts/")) == []
    assert len(lines(as_manager.get("/attempts/?scope=all"))) == 4
    assert len(lines(as_manager.get(f"/attempts/?scope=all&owner={alice.id}"))) == 3
    assert len(lines(as_manager.get("/attempts/?scope=all&status=failed"))) == 1
    assert as_bob.get("/attempts/?scope=all").status_code == 404
    assert len(lines(as_bob.get(f"/attempts/?owner={alice.id}"))) == 1


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
    assert f"/mailings/{mailing.id}" in str(page.html)
    back = []
    for _turn in range(3):
        back = [str(row["id"]) for row in page.all("tbody tr")] + back
        link = next((link for link in page.all(".pager a") if "Previous" in link.get_text()), None)
        page = as_alice.get(str(link["href"])) if link else page
    assert back == seen


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
