"""The report: seven counts for each mailing of a period, and totals that add up."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.domain.clock import database_now
from mailer.domain.suppressions import suppress
from mailer.models.clients import Suppression, SuppressionReason
from mailer.models.mailings import Mailing, RecipientState
from mailer.models.users import User
from tests.support.factories import (
    client_of,
    completed_mailing_of,
    mailing_of,
    message_of,
    recipients_of,
    settle,
    started_mailing_of,
)
from tests.support.html import Element
from tests.support.visitor import Page, Visitor
from tests.web.conftest import CountQueries


def numbers(row: Element) -> list[int]:
    """The counts that add up; behind them stands how many have unsubscribed."""
    return [int(cell.get_text(strip=True).replace("–", "0")) for cell in row.select("td.num")][:-1]


def lines(page: Page) -> dict[str, list[int]]:
    return {str(row.select("a")[0]["title"]): numbers(row) for row in page.all(".report tbody tr")}


def test_without_mailings_it_says_so(as_alice: Visitor) -> None:
    assert "Nothing to report" in as_alice.get("/reports/").words


def test_each_mailing_has_its_counts_and_everything_adds_up(as_alice: Visitor, alice: User) -> None:
    completed_mailing_of(alice, accepted=4, failed=2, unknown=1, message=message_of(alice, "News"))
    running = started_mailing_of(alice, message=message_of(alice, "Sale"), clients=[client_of(alice) for _ in range(3)])
    settle(recipients_of(running)[0], RecipientState.ACCEPTED)
    recipients_of(running)[1].state = RecipientState.CLAIMED
    page = as_alice.get("/reports/")
    # Accepted, failed, unknown, suppressed, expired, sending, pending, and the total.
    assert lines(page) == {"Sale": [1, 0, 0, 0, 0, 1, 1, 3], "News": [4, 2, 1, 0, 0, 0, 0, 7]}
    totals = numbers(page.one(".report tfoot tr"))
    assert totals == [sum(column) for column in zip(*lines(page).values(), strict=True)]
    assert totals[-1] == sum(totals[:-1]) == 10


def test_each_total_leads_to_the_mailings_that_it_comes_from(as_alice: Visitor, alice: User) -> None:
    completed_mailing_of(alice, accepted=4, failed=2, message=message_of(alice, "News"))
    completed_mailing_of(alice, accepted=1, message=message_of(alice, "Sale"))
    page = as_alice.get("/reports/")
    failed = as_alice.get(str(page.one("tfoot [data-label=failed] a")["href"]))
    assert lines(failed) == {"News": [4, 2, 0, 0, 0, 0, 0, 6]}
    assert "Only mailings with recipients of the state “failed”." in failed.words
    accepted = as_alice.get(str(page.one("tfoot [data-label=accepted] a")["href"]))
    assert set(lines(accepted)) == {"News", "Sale"}
    assert not page.has("tfoot [data-label=unknown] a")
    assert set(lines(as_alice.get("/reports/?state=nonsense"))) == {"News", "Sale"}


def test_those_who_unsubscribed_by_a_letter_are_told_beside_it(
    as_alice: Visitor, session: Session, alice: User
) -> None:
    news, sale = (completed_mailing_of(alice, accepted=3, message=message_of(alice, name)) for name in ("News", "Sale"))
    for number, mailing in enumerate((news, news, sale, None)):
        say_no(session, alice, f"{number}@example.org", mailing)
    lifted = say_no(session, alice, "e@example.org", news)
    lifted.lifted_at = lifted.created_at
    page = as_alice.get("/reports/")
    told = {row.select("a")[0]["title"]: row.select("td.num")[-1].get_text() for row in page.all(".report tbody tr")}
    assert told == {"News": "2", "Sale": "1"}
    assert page.one(".report tfoot tr").select("td.num")[-1].get_text() == "3"
    assert "3 readers have unsubscribed by a link in these letters." in page.words
    assert "Unsubscribed 2 By the link in these letters." in as_alice.get(f"/mailings/{news.id}").words


def say_no(session: Session, owner: User, email: str, mailing: Mailing | None) -> Suppression:
    mailing_id = mailing.id if mailing else None
    suppress(session, owner.id, email, SuppressionReason.UNSUBSCRIBED, database_now(session), mailing_id)
    return session.scalars(select(Suppression).order_by(Suppression.id.desc()).limit(1)).one()


def test_booked_mailings_have_nothing_to_report_yet(as_alice: Visitor, alice: User) -> None:
    mailing_of(alice)
    assert lines(as_alice.get("/reports/")) == {}


def test_somebody_elses_mailings_are_not_counted(as_bob: Visitor, alice: User, bob: User) -> None:
    completed_mailing_of(alice, accepted=3)
    completed_mailing_of(bob, accepted=1)
    assert numbers(as_bob.get("/reports/").one(".report tfoot tr"))[-1] == 1


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("from=2030-05-02", ["Late"]),
        ("to=2030-05-01", ["Early"]),
        ("from=2030-05-01&to=2030-05-02", ["Early", "Late"]),
        ("from=2030-05-03", []),
        ("from=&to=", ["Early", "Late"]),
    ],
)
def test_the_period_is_of_whole_days_in_the_users_zone(
    as_alice: Visitor, alice: User, query: str, found: list[str]
) -> None:
    alice.time_zone = "Asia/Yekaterinburg"
    for subject, hour in (("Early", 18), ("Late", 20)):
        mailing = completed_mailing_of(alice, message=message_of(alice, subject))
        # Five hours ahead of UTC, the second one falls on the next day.
        mailing.started_at = datetime(2030, 5, 1, hour, tzinfo=UTC)
    assert sorted(lines(as_alice.get(f"/reports/?{query}"))) == found


@pytest.mark.parametrize(
    "query", ["from=yesterday", "to=2030-13-01", "from=2030-05-02&to=2030-05-01", "to=9999-12-31", "from=0001-01-01"]
)
def test_a_period_that_cannot_be_is_refused_at_its_field(as_alice: Visitor, alice: User, query: str) -> None:
    completed_mailing_of(alice)
    page = as_alice.get(f"/reports/?{query}")
    assert page.status_code == 422 and page.has(".field-error") and not page.has(".report")


def test_the_totals_are_those_of_all_pages(as_alice: Visitor, alice: User) -> None:
    for number in range(55):
        completed_mailing_of(alice, message=message_of(alice, f"Letter {number}"))
    first = as_alice.get("/reports/")
    second = as_alice.get(str(first.all(".pager a")[-1]["href"]))
    assert len(lines(first)) + len(lines(second)) == 55
    assert numbers(first.one("tfoot tr.total"))[-1] == numbers(second.one("tfoot tr.total"))[-1] == 55
    assert [numbers(page.all(".report tfoot tr")[0])[-1] for page in (first, second)] == [50, 5]


def test_the_report_asks_few_questions(as_alice: Visitor, alice: User, count_queries: CountQueries) -> None:
    for _ in range(10):
        completed_mailing_of(alice, failed=1)
    with count_queries() as queries:
        as_alice.get("/reports/")
    assert len(queries) <= 10


def test_anonymous_visitors_go_to_the_login(anonymous: Visitor) -> None:
    assert anonymous.get("/reports/").location.startswith("/auth/login")
