"""The letters of the last thirty days on the first page, one's own and, for managers and admins, everybody's."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from mailer.delivery.summing import sum_waiting
from mailer.models.mailings import Attempt
from mailer.models.users import User
from tests.support.factories import clients_with, completed_mailing_of, message_of, started_mailing_of
from tests.support.visitor import Page, Visitor
from tests.web.conftest import CountQueries


def spans_on(page: Page) -> list[list[int]]:
    return [[int(cell["data-value"]) for cell in row.select("td")] for row in page.all(".chart-split tbody tr")]


def days_on(page: Page) -> dict[str, list[int]]:
    return {
        str(row["data-label"]): [int(cell["data-value"]) for cell in row.select("td")]
        for row in page.all("#letters-by-day tbody tr")
    }


@pytest.mark.parametrize("are_summed", [False, True])
def test_letters_are_counted_by_the_days_of_the_users_zone(
    as_alice: Visitor, engine: Engine, session: Session, alice: User, are_summed: bool
) -> None:
    # Half past one at night in Yekaterinburg, and still the day before in UTC.
    now = (datetime.now(UTC) + timedelta(days=1)).replace(hour=20, minute=30)
    today = (now + timedelta(hours=5)).date()
    alice.time_zone = "Asia/Yekaterinburg"
    for hours in (1, 2, 24 * 6, 24 * 20, 24 * 40):
        mailing = completed_mailing_of(alice, accepted=2, failed=1)
        session.query(Attempt).filter_by(mailing_id=mailing.id).update({"attempted_at": now - timedelta(hours=hours)})
    session.commit()
    if are_summed:
        assert sum_waiting(engine) == 5
    with time_machine.travel(now, tick=False):
        page = as_alice.get("/")
    assert spans_on(page) == [[2, 1], [6, 3], [8, 4]]
    days = list(days_on(page).values())
    assert {29 - place: counts for place, counts in enumerate(days) if any(counts)} == {
        20: [2, 1], 6: [2, 1], 1: [2, 1], 0: [2, 1],
    }
    assert len(days) == 30
    assert page.all(".chart-split tbody a")[0]["href"] == f"/attempts/?from={today}&to={today}&status=success"


def test_no_chart_is_drawn_while_there_are_no_letters(as_alice: Visitor, alice: User) -> None:
    page = as_alice.get("/")
    assert spans_on(page) == [[0, 0]] * 3 and "No letter was handed over" in page.words
    assert not page.has("[data-chart]") and not page.has("#letters-by-day")
    completed_mailing_of(alice, accepted=1)
    assert as_alice.get("/").has("[data-chart]")


def test_managers_and_admins_see_everybodys_figures_where_they_ask(
    as_manager: Visitor, as_admin: Visitor, mary: User, alice: User
) -> None:
    completed_mailing_of(mary, accepted=1)
    completed_mailing_of(alice, accepted=3, message=message_of(alice, "Alice’s news"))
    started_mailing_of(alice, clients=clients_with(alice, "a@b.example"), message=message_of(alice, "Running"))
    for visitor, own in ((as_manager, [1, 0]), (as_admin, [0, 0])):
        assert spans_on(visitor.get("/"))[0] == own
        page = visitor.get("/?scope=all")
        assert spans_on(page)[0] == [4, 0]
        assert page.texts(".figures .figure") == ["3", "1", "5"]
        assert page.texts("section[aria-labelledby=active] tbody th a") == ["Running"]
        assert "Alice" in page.one("section[aria-labelledby=active] tbody th").get_text()
        assert "scope=all" in str(page.all(".chart-split tbody a")[0]["href"])


def test_to_others_everybodys_figures_are_not_there(as_alice: Visitor) -> None:
    assert not as_alice.get("/").has(".scope")
    assert as_alice.get("/?scope=all").status_code == 404


def test_everybodys_figures_ask_few_questions_too(
    as_admin: Visitor, alice: User, count_queries: CountQueries
) -> None:
    for _ in range(3):
        completed_mailing_of(alice, unknown=1)
        started_mailing_of(alice)
    with count_queries() as queries:
        as_admin.get("/?scope=all")
    assert len(queries) <= 10
