"""The reports by period, domain, reply and owner: their rows add up, and each total leads to the rows behind it."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from mailer.delivery.summing import sum_waiting
from mailer.domain.clock import database_now
from mailer.models.mailings import AttemptStatus, Mailing, Verdict
from mailer.models.users import User
from tests.support.factories import (
    attempt_on,
    client_of,
    completed_mailing_of,
    message_of,
    recipients_of,
    started_mailing_of,
)
from tests.support.visitor import Page, Visitor
from tests.web.conftest import CountQueries

DOMAINS = ("a.example", "b.example", "xn--p1ai.example")
KINDS = ("periods", "domains", "replies")
TRIES = (
    (AttemptStatus.SUCCESS, Verdict.ACCEPTED, 250, "2.0.0 Ok"),
    (AttemptStatus.FAILED, Verdict.RECIPIENT, 550, "5.1.1 <{email}>: User unknown"),
    (AttemptStatus.DEFERRED, Verdict.TEMPORARY, 451, "4.7.1 Greylisted"),
    (AttemptStatus.DEFERRED, Verdict.TEMPORARY, None, "no connection"),
    (AttemptStatus.UNKNOWN, Verdict.UNKNOWN, None, "the line broke"),
)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def sent(owner: User, days: int, subject: str = "News") -> Mailing:
    """A mailing of so many days later with attempts of each kind, over three domains and two days."""
    clients = [client_of(owner, f"{next(numbers)}@{domain}") for domain in DOMAINS]
    mailing = started_mailing_of(owner, message=message_of(owner, subject), clients=clients)
    mailing.started_at = NOON + timedelta(days=days)
    for place, (recipient, answer) in enumerate(itertools.product(recipients_of(mailing), TRIES)):
        status, verdict, code, reply = answer
        moment = mailing.started_at + timedelta(hours=place)
        attempt_on(recipient, status, verdict, code, reply.format(email=recipient.email), moment)
    return mailing


numbers = itertools.count(1)


@pytest.fixture
def mailings(engine: Engine, session: Session, alice: User) -> list[Mailing]:
    """One that is completed and has sums, and one under way, whose rows are counted."""
    completed = sent(alice, 0)
    for recipient, state in zip(recipients_of(completed), ("accepted", "failed", "unknown"), strict=True):
        recipient.state = state  # type: ignore[assignment]
    completed.status = "completed"  # type: ignore[assignment]
    running = sent(alice, 40, "Sale")
    session.commit()
    assert sum_waiting(engine) == 1
    return [completed, running]


def counts_in(page: Page, rows: str = "table.report tbody tr") -> list[list[int]]:
    return [[int(cell["data-value"]) for cell in row.select("td[data-value]")] for row in page.all(rows)]


def links_in(page: Page, rows: str = "tbody") -> Iterator[tuple[int, str]]:
    for cell in page.all(f"table.report {rows} td[data-value]"):
        if link := cell.select_one("a"):
            yield int(str(cell["data-value"])), str(link["href"])


def rows_behind(visitor: Visitor, url: str) -> int:
    """How many attempts one finds by this link, over the mailings that it may lead to first."""
    page = visitor.get(url)
    if url.startswith("/attempts/"):
        return len(page.all("[id^=attempt-]"))
    return sum(rows_behind(visitor, further) for _count, further in links_in(page))


@pytest.mark.usefixtures("mailings")
@pytest.mark.parametrize("query", ["", "?from=2026-03-01&to=2026-04-01", "?mailing=2"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_rows_add_up_and_each_total_leads_to_the_rows_behind_it(as_alice: Visitor, kind: str, query: str) -> None:
    page = as_alice.get(f"/reports/{kind}{query or '?whole=1'}")
    rows = counts_in(page)
    totals = [sum(column) for column in zip(*rows, strict=True)]
    assert counts_in(page, "table.report tfoot tr") == [totals]
    assert totals == ([6, 6, 12, 6] if not query else [3, 3, 6, 3])
    assert page.one("tfoot td:last-child").get_text() == str(sum(totals))
    if (kind, query) != ("periods", ""):
        links = [*links_in(page), *links_in(page, "tfoot")]
        assert len([count for count, _url in links_in(page, "tfoot")]) == len(totals)
        assert links and all(rows_behind(as_alice, url) == count for count, url in links)


@pytest.mark.usefixtures("mailings")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("by=day&from=2026-03-01&to=2026-03-31", ["3 Mar", "2 Mar"]),
        ("by=week&to=2026-03-31", ["2 Mar to 8 Mar"]),
        ("by=month", ["April 2026", "March 2026"]),
        ("by=week&from=2026-03-03&to=2026-03-04", ["3 Mar to 4 Mar"]),
        ("by=nonsense&from=2026-03-03&to=2026-03-03", ["3 Mar"]),
    ],
)
def test_a_period_is_a_day_a_week_or_a_month(as_alice: Visitor, query: str, found: list[str]) -> None:
    page = as_alice.get(f"/reports/periods?{query}")
    assert page.texts("#periods tbody th") == found
    assert [row["data-label"] for row in page.all("#periods tbody tr")] == found


@pytest.mark.usefixtures("mailings")
def test_replies_that_mean_the_same_are_one_with_an_explanation_and_an_example(as_alice: Visitor) -> None:
    page = as_alice.get("/reports/replies")
    card = next(card for card in page.texts(".verdict") if "User unknown" in card)
    assert "6 attempts" in card and "550 5.1.1 <>: User unknown" in card and "There is no such mailbox." in card
    assert "@" not in card
    sides = ["Taken by the server", "The recipient’s side", "To be tried again", "No answer came"]
    assert page.texts("#verdicts tbody th") == sides


@pytest.mark.usefixtures("mailings")
def test_domains_are_written_as_people_write_them(as_alice: Visitor) -> None:
    page = as_alice.get("/reports/domains?whole=1")
    assert page.texts("#domains tbody th") == ["a.example", "b.example", "рф.example"]
    assert as_alice.get("/reports/?domain=рф.example").texts("#mailings tbody th") == ["Sale", "News"]


def test_domains_are_those_of_the_latest_days_unless_the_whole_time_is_asked_for(
    as_alice: Visitor, session: Session, alice: User
) -> None:
    sent(alice, 0)
    latest = sent(alice, 0)
    latest.started_at = database_now(session) - timedelta(days=2)
    page = as_alice.get("/reports/domains")
    assert page.one("tfoot td:last-child").get_text() == "15"
    assert all("from=20" in url for _count, url in links_in(page))
    whole = as_alice.get(next(str(link["href"]) for link in page.all(".period a")))
    assert whole.one("tfoot td:last-child").get_text() == "30"
    files = [str(each.one("a[download]")["href"]) for each in (page, whole)]
    assert [len(as_alice.get(url).get_data().splitlines()) for url in files] == [4, 4]
    assert "from=20" in files[0] and "whole=1" in files[1]


@pytest.mark.usefixtures("mailings")
def test_the_books_lead_to_the_recipients(as_alice: Visitor) -> None:
    for count, url in links_in(as_alice.get("/reports/")):
        assert len(as_alice.get(url).all("#recipients tbody tr")) == count


@pytest.mark.parametrize("kind", ["", *KINDS])
def test_what_cannot_be_a_period_is_refused_at_its_field(as_alice: Visitor, kind: str) -> None:
    page = as_alice.get(f"/reports/{kind}?from=2026-13-01", htmx=True)
    assert page.status_code == 422 and page.has(".field-error")


@pytest.mark.parametrize("kind", ["", *KINDS])
def test_somebody_elses_mailings_are_in_no_report(as_bob: Visitor, mailings: list[Mailing], kind: str) -> None:
    assert "Nothing to report" in as_bob.get(f"/reports/{kind}?mailing={mailings[0].id}").words
    assert as_bob.get(f"/reports/{kind}?scope=all").status_code == 404


@pytest.mark.usefixtures("mailings")
def test_managers_see_everybodys_reports_and_one_by_owner(as_manager: Visitor, alice: User, mary: User) -> None:
    completed_mailing_of(mary, accepted=2)
    page = as_manager.get("/reports/owners?scope=all")
    assert page.texts("#owners tbody th") == ["Alice", "Mary"]
    assert counts_in(page) == [[1, 1, 1, 0, 0, 0, 3], [2, 0, 0, 0, 0, 0, 0]]
    assert counts_in(page, "tfoot tr") == [[3, 1, 1, 0, 0, 0, 3]]
    for place, cell in enumerate(page.all("#owners td[data-value]")):
        if link := cell.select_one("a"):
            behind = counts_in(as_manager.get(str(link["href"])))
            assert sum(row[place % 7] for row in behind) == int(str(cell["data-value"]))
            assert all(row[place % 7] for row in behind)
    of_alice = as_manager.get(str(page.all("#owners tbody a")[0]["href"]))
    assert of_alice.texts("#mailings tbody .row-link") == ["Sale", "News"]
    assert "Only mailings of Alice." in of_alice.words
    assert as_manager.get("/reports/owners").status_code == 404
    assert "Nothing to report" not in as_manager.get("/reports/domains").words
    domains = as_manager.get(f"/reports/domains?scope=all&whole=1&owner={alice.id}")
    assert domains.texts("#domains tbody th") == ["a.example", "b.example", "рф.example"]
    assert all(rows_behind(as_manager, url) == count for count, url in links_in(domains))


@pytest.mark.usefixtures("mailings")
@pytest.mark.parametrize("kind", ["", *KINDS, "?domain=a.example", "mailings/1"])
def test_reports_ask_few_questions(as_alice: Visitor, kind: str, count_queries: CountQueries) -> None:
    with count_queries() as queries:
        assert as_alice.get(f"/reports/{kind}").status_code == 200
    assert len(queries) <= 10


def test_pages_turn_and_keep_the_filters(as_alice: Visitor, alice: User) -> None:
    mailing = started_mailing_of(alice, clients=[client_of(alice, f"a@{number}.example") for number in range(60)])
    for recipient in recipients_of(mailing):
        attempt_on(recipient)
    first = as_alice.get(f"/reports/domains?mailing={mailing.id}")
    second = as_alice.get(str(first.all(".pager a")[-1]["href"]))
    assert [len(page.all("#domains tbody tr")) for page in (first, second)] == [50, 10]
    assert [page.one("tfoot td:last-child").get_text() for page in (first, second)] == ["60", "60"]
    assert str(mailing.id) in str(second.one("option[selected]")["value"])


# The page of one mailing


def test_a_mailings_report_has_its_books_domains_and_replies(as_alice: Visitor, mailings: list[Mailing]) -> None:
    page = as_alice.get(f"/reports/mailings/{mailings[0].id}")
    assert page.one("h1").get_text() == "News" and page.one(".figure").get_text() == "1"
    assert page.texts("#domains tbody th") == ["a.example", "b.example", "рф.example"]
    assert all(rows_behind(as_alice, url) == count for count, url in links_in(page))
    assert any("User unknown" in card for card in page.texts(".verdict"))


def test_it_is_there_for_its_owner_and_moderators_once_it_has_started(
    as_alice: Visitor, as_bob: Visitor, as_manager: Visitor, anonymous: Visitor, mailings: list[Mailing]
) -> None:
    path = f"/reports/mailings/{mailings[1].id}"
    assert as_manager.get(path).status_code == 200 and "Of Alice." in as_manager.get(path).words
    assert as_bob.get(path).status_code == 404
    assert anonymous.get(path).location.startswith("/auth/login")
    mailings[1].status = "created"  # type: ignore[assignment]
    assert as_alice.get(path).status_code == 404
