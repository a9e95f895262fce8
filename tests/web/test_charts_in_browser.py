"""The charts, in a real browser under the product's own Content-Security-Policy: they show what their tables say."""

from typing import Any

import pytest
from playwright.sync_api import Page
from sqlalchemy.orm import Session

from mailer.models.users import User
from tests.support.factories import completed_mailing_of, message_of

pytestmark = pytest.mark.one_database("the views' own tests run on both")

# What a table says of each series, row by row, read by this test; and what Chart.js was given to draw.
TOLD = """(id) => Object.fromEntries([...document.querySelectorAll(`#${id} thead [data-series]`)].map((head) => [
  head.innerText.trim(),
  [...document.querySelectorAll(`#${id} tbody tr[data-label]`)].map((row) =>
    Number(row.cells[head.cellIndex].textContent.trim().replace("–", "0").replace(",", ""))),
]))"""
DRAWN = """(id) => {
  const chart = Chart.getChart(document.querySelector(`[data-chart="${id}"] canvas`));
  return {
    labels: chart.data.labels,
    series: Object.fromEntries(chart.data.datasets.map((set) => [set.label, set.data])),
    colour: chart.data.datasets[0].backgroundColor,
    width: chart.width,
    names: chart.scales.y.ticks.map((tick) => [].concat(tick.label)),
  };
}"""


# Too long for two lines of the width that names have at the test's 1280 px.
LONG = " ".join(["Paper of the month, fifteen per cent off for everybody who comes before the end of the year"] * 2)
LONG_IN_LINES = [
    "Paper of the month, fifteen per cent off for everybody",
    "who comes before the end of the year Paper of the…",
]


def drawn(page: Page, table: str) -> dict[str, Any]:
    page.locator(f"[data-chart={table}] canvas").wait_for()
    chart: dict[str, Any] = page.evaluate(DRAWN, table)
    return chart


def test_each_chart_shows_what_its_table_says_in_both_themes(
    page: Page, installation: str, session: Session, alice: User
) -> None:
    completed_mailing_of(alice, accepted=3, failed=2, unknown=1, message=message_of(alice, LONG))
    completed_mailing_of(alice, accepted=1, message=message_of(alice, "Sale"))
    session.commit()
    page.goto(installation)
    page.locator(".chart-figures summary").click()
    chart = drawn(page, "letters-by-day")
    assert chart["series"] == page.evaluate(TOLD, "letters-by-day")
    assert len(chart["labels"]) == 30 and sum(chart["series"]["Accepted"]) == 4 and sum(chart["series"]["Failed"]) == 2

    page.goto(f"{installation}/reports/")
    chart = drawn(page, "mailings")
    assert chart["labels"] == ["Sale", LONG]
    assert chart["series"] == page.evaluate(TOLD, "mailings")
    assert chart["series"]["accepted"] == [1, 3] and chart["width"] > 300
    assert chart["names"] == [["Sale"], LONG_IN_LINES]

    page.get_by_role("link", name="By period").click()
    page.get_by_role("link", name="Months").click()
    before = drawn(page, "periods")
    assert before["series"] == page.evaluate(TOLD, "periods") and before["series"]["Success"] == [4]
    page.evaluate("document.documentElement.dataset.bsTheme = 'dark'")
    assert drawn(page, "periods")["colour"] != before["colour"]
    # Chosen with htmx: the new region has its chart.
    page.get_by_label("From").fill("2001-01-01")
    page.wait_for_url("**from=2001-01-01**")
    assert drawn(page, "periods")["series"]["Failed"] == [2]
