"""The newcomer's walk, in a real browser."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.processes import Processes
from tests.support.smtp_server import SmtpServer

PASSWORD = "a long enough password"


@pytest.fixture
def installation(processes: Processes) -> str:
    """The URL of a web server with its worker and scheduler, and no account yet."""
    url = processes.start_web()
    processes.start_worker()
    processes.start_scheduler()
    return url


@pytest.mark.one_database("the tests of the views and of the delivery run on both")
def test_a_newcomer_registers_adds_clients_writes_schedules_and_watches_until_completed(
    browser_page: Page, installation: str, smtp_server: SmtpServer
) -> None:
    register(browser_page, installation)
    add_two_clients_and_edit_one(browser_page)
    write_a_message(browser_page)
    schedule_a_mailing(browser_page)
    watch_until_completed(browser_page)
    # Olga herself has got a letter of the system's own, to confirm her address.
    assert smtp_server.ledger.copies() - Counter({"olga@mailer.example": 1}) == {"anna@example.org": 1}
    read_the_attempts(browser_page)


def register(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_role("link", name="Register").click()
    page.get_by_label("Email").fill("olga@mailer.example")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password again").fill(PASSWORD)
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()


def row_of(page: Page, email: str, region: str = "main") -> Locator:
    """The row that shows this address, which is drawn in two pieces and whole in its title."""
    return page.locator(f"{region} tr", has=page.locator(f".addr[title='{email}']"))


def go_to(page: Page, place: str) -> None:
    page.get_by_role("navigation", name="Main").get_by_role("link", name=place, exact=True).click()
    expect(page.get_by_role("heading", level=1, name=place)).to_be_visible()
    stay(page)


def stay(page: Page) -> None:
    """From here on the page must not be loaded anew; see `has_stayed`."""
    page.evaluate("window.hasStayed = true")


def has_stayed(page: Page) -> bool:
    return bool(page.evaluate("window.hasStayed === true"))


def add_two_clients_and_edit_one(page: Page) -> None:
    go_to(page, "Clients")
    page.get_by_role("link", name="New client").click()
    form = page.get_by_role("form", name="New client")
    for full_name, email in (("Анна", "anna@example.org"), ("Nobody 🌷", "user-unknown@example.org")):
        form.get_by_label("Full name").fill(full_name)
        form.get_by_label("Email").fill(email)
        form.get_by_role("button", name="Add").click()
        expect(row_of(page, email)).to_be_visible()
    form.get_by_role("button", name="Cancel").click()
    expect(form).to_have_count(0)

    page.get_by_role("link", name="Edit Анна").click()
    row = page.locator("tr.row-form")
    row.get_by_label("Full name").fill("Анна Петрова")
    row.get_by_role("button", name="Save").click()
    expect(row_of(page, "anna@example.org")).to_contain_text("Анна Петрова")
    assert has_stayed(page)


def write_a_message(page: Page) -> None:
    go_to(page, "Messages")
    page.get_by_role("link", name="New message").click()
    form = page.get_by_role("form", name="New message")
    form.get_by_label("Subject").fill("We move")
    form.get_by_label("Text").fill("Hello,\n\nwe move on Monday.")
    form.get_by_role("button", name="Add").click()
    expect(page.get_by_role("row", name="We move")).to_be_visible()
    assert has_stayed(page)


def schedule_a_mailing(page: Page) -> None:
    go_to(page, "Mailings")
    page.get_by_role("link", name="New mailing").click()
    form = page.get_by_role("form", name="New mailing")
    start_time = datetime.now(UTC) + timedelta(seconds=6)
    form.get_by_label("Message").select_option(label="We move")
    form.get_by_label("Start").fill(f"{start_time:%Y-%m-%dT%H:%M:%S}")
    form.get_by_label("End").fill(f"{start_time + timedelta(hours=1):%Y-%m-%dT%H:%M:%S}")
    form.get_by_role("button", name="Save and book").click()
    expect(page.get_by_role("row", name="We move")).to_contain_text("created")
    assert has_stayed(page)


def watch_until_completed(page: Page) -> None:
    page.get_by_role("link", name="We move", exact=True).click()
    expect(page.get_by_role("heading", level=1, name="We move")).to_be_visible()
    stay(page)
    expect(page.locator("#live .page-head")).to_contain_text("completed", ignore_case=True, timeout=60_000)
    assert has_stayed(page)


def read_the_attempts(page: Page) -> None:
    accepted = row_of(page, "anna@example.org", "#attempts")
    expect(accepted).to_contain_text("success")
    expect(accepted).to_contain_text("250 2.0.0 Ok: queued as")
    refused = row_of(page, "user-unknown@example.org", "#attempts")
    expect(refused).to_contain_text("failed")
    expect(refused).to_contain_text("550 5.1.1 User unknown")
