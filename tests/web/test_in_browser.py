"""What htmx and app.js do with the lists, in a real browser, under the product's own Content-Security-Policy."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy.orm import Session

from mailer.domain.clients import clients_of, count_of
from mailer.models.users import User
from tests.support.factories import client_of, clients_with, mailing_of, message_of
from tests.support.real_browser import NewContext

pytestmark = pytest.mark.one_database("the views' own tests run on both")

NAMES = "#clients tbody th"


def toast(page: Page) -> Locator:
    return page.locator(".toast").last


def row_of(page: Page, name: str) -> Locator:
    return page.locator("#clients tbody tr", has_text=name)


def on_file(session: Session, owner: User) -> int:
    # A transaction of the test's own would go on seeing what was there when it began.
    session.rollback()
    return count_of(session, clients_of(owner.id))


def test_clients_are_added_one_after_the_other_by_keyboard(page: Page, session: Session, alice: User) -> None:
    page.get_by_role("link", name="New client").click()
    for number in (1, 2):
        expect(page.locator("#new-name")).to_be_focused()
        page.keyboard.type(f"Client {number}")
        page.keyboard.press("Tab")
        page.keyboard.type(f"client{number}@example.org")
        page.keyboard.press("Enter")
        expect(toast(page)).to_contain_text(f"Added: Client {number}.")
    expect(page.get_by_text("4 on file")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#new-name")).to_have_count(0)
    expect(page.get_by_role("link", name="New client")).to_be_focused()
    assert on_file(session, alice) == 4


def test_an_error_stands_at_its_field_and_takes_the_focus(page: Page) -> None:
    page.get_by_role("link", name="New client").click()
    page.fill("#new-name", "Irina")
    page.fill("#new-email", "ANNA@example.org")
    page.keyboard.press("Enter")
    expect(page.locator("#new-email-error")).to_contain_text("Already on file as Анна Белова")
    expect(page.locator("#new-email")).to_be_focused()
    expect(page.locator("#new-name")).to_have_value("Irina")


def test_what_a_whole_page_refuses_takes_the_focus_too(
    page: Page, installation: str, session: Session, alice: User
) -> None:
    page.goto(f"{installation}/auth/profile/password")
    page.get_by_label("Current password").fill("not hers")
    for label in ("New password", "New password again"):
        page.get_by_label(label, exact=True).fill("four words that differ")
    page.keyboard.press("Enter")
    expect(page.locator("#current_password-error")).to_be_visible()
    expect(page.get_by_label("Current password")).to_be_focused()
    message = message_of(alice)
    session.commit()
    page.goto(f"{installation}/mailings/new?message_id={message.id}")
    page.get_by_label("Selected clients").check()
    page.get_by_role("button", name="Save and book").click()
    expect(page.get_by_text("At least one recipient is needed.")).to_be_visible()
    expect(page.get_by_label("Selected clients")).to_be_focused()


def test_the_chosen_filter_is_in_sight_on_a_phone(page: Page, installation: str) -> None:
    page.set_viewport_size({"width": 360, "height": 640})
    page.goto(f"{installation}/reports/replies")
    expect(page.get_by_role("link", name="By reply")).to_be_in_viewport(ratio=1)


def test_a_row_is_edited_and_escape_leaves_it_as_it_was(page: Page) -> None:
    page.get_by_role("link", name="Edit Анна Белова").click()
    field = page.locator(".row-form [name=full_name]")
    expect(field).to_be_focused()
    field.fill("Somebody else")
    page.keyboard.press("Escape")
    expect(row_of(page, "Анна Белова")).to_be_visible()
    expect(page.get_by_role("link", name="Edit Анна Белова")).to_be_focused()
    page.keyboard.press("Enter")
    field.fill("Анна Петрова")
    page.keyboard.press("Enter")
    expect(row_of(page, "Анна Петрова")).to_be_visible()
    expect(toast(page)).to_contain_text("Saved: Анна Петрова.")
    expect(page.get_by_role("link", name="Edit Анна Петрова")).to_be_focused()


def test_save_pressed_twice_saves_once(page: Page, session: Session, alice: User) -> None:
    page.get_by_role("link", name="New client").click()
    page.fill("#new-email", "twice@example.org")
    page.locator("#new-client button[type=submit]").dblclick()
    expect(toast(page)).to_contain_text("Added: twice@example.org.")
    page.wait_for_timeout(300)
    assert page.locator(".toast").count() == 1
    assert page.locator(".field-error").count() == 0
    assert on_file(session, alice) == 3


def test_the_search_follows_the_typing_and_keeps_the_focus(page: Page) -> None:
    page.locator("#q").press_sequentially("БЛОК")
    expect(page.locator(NAMES)).to_have_text(["Анна Белова"])
    expect(page.get_by_text("1 client", exact=True)).to_be_visible()
    expect(page.locator("#q")).to_be_focused()
    page.reload()
    expect(page.locator(NAMES)).to_have_text(["Анна Белова"])
    page.fill("#q", "nobody at all")
    expect(page.get_by_text("No client matches")).to_be_visible()


def test_sorting_can_be_undone_by_the_back_button(page: Page) -> None:
    expect(page.locator(NAMES)).to_have_text(["Oleg Tarasov", "Анна Белова"])
    page.locator("thead").get_by_role("link", name="Name").click()
    expect(page.locator(NAMES)).to_have_text(["Анна Белова", "Oleg Tarasov"])
    expect(page.locator("thead th[aria-sort]")).to_have_attribute("aria-sort", "descending")
    page.go_back()
    expect(page.locator(NAMES)).to_have_text(["Oleg Tarasov", "Анна Белова"])
    page.select_option("#sort", "newest")
    expect(page).to_have_url(re.compile("sort=newest"))


def test_pages_turn_in_place(page: Page, session: Session, alice: User) -> None:
    clients_with(alice, *(f"z{number:03}@example.org" for number in range(60)))
    session.commit()
    page.reload()
    page.get_by_role("link", name="Next").click()
    expect(page.locator(".pager")).to_contain_text("51–62 of 62")
    page.reload()
    expect(page.locator(".pager")).to_contain_text("51–62 of 62")
    page.get_by_role("link", name="Previous").click()
    expect(page.locator(".pager")).to_contain_text("1–50 of 62")


def test_a_deletion_asks_first_and_keeps_the_figures_true(page: Page, session: Session, alice: User) -> None:
    question = page.get_by_role("dialog")
    page.get_by_role("link", name="Delete Oleg Tarasov…").click()
    expect(question).to_contain_text("Delete Oleg Tarasov?")
    expect(page.get_by_role("link", name="Keep the client")).to_be_focused()
    page.keyboard.press("Escape")
    expect(question).to_have_count(0)
    page.get_by_role("link", name="Delete Oleg Tarasov…").click()
    page.get_by_role("link", name="Keep the client").click()
    expect(question).to_have_count(0)
    assert page.url.endswith("/clients/")
    page.get_by_role("link", name="Delete Oleg Tarasov…").click()
    page.get_by_role("button", name="Delete the client").click()
    expect(page.locator(NAMES)).to_have_text(["Анна Белова"])
    expect(page.get_by_role("link", name="Анна Белова", exact=True)).to_be_focused()
    expect(page.get_by_text("1 on file")).to_be_visible()
    expect(toast(page)).to_contain_text("Deleted: Oleg Tarasov.")
    expect(question).to_have_count(0)
    assert on_file(session, alice) == 1


def test_what_is_gone_meanwhile_is_told_in_a_toast(page: Page, session: Session, alice: User) -> None:
    oleg = client_of(alice, "gone@example.org", "Gone")
    session.commit()
    page.reload()
    session.delete(oleg)
    session.commit()
    page.get_by_role("link", name="Edit Gone").click()
    expect(toast(page)).to_contain_text("has been deleted")
    expect(row_of(page, "Gone")).to_be_visible()
    page.get_by_role("link", name="Delete Gone…").click()
    expect(page.locator(".toast")).to_have_count(1)
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_session_that_has_ended_leads_to_the_login(page: Page) -> None:
    page.context.clear_cookies()
    page.get_by_role("link", name="New client").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_the_theme_is_chosen_and_kept(page: Page) -> None:
    html = page.locator("html")
    page.emulate_media(color_scheme="dark")
    expect(html).to_have_attribute("data-bs-theme", "dark")
    page.locator("[data-theme-choice]").click()
    expect(html).to_have_attribute("data-bs-theme", "light")
    page.reload()
    expect(html).to_have_attribute("data-bs-theme", "light")
    expect(page.get_by_role("button", name="Theme: light")).to_be_visible()


def test_messages_are_written_changed_and_kept_while_they_are_needed(
    page: Page, session: Session, alice: User
) -> None:
    mailing_of(alice, message=message_of(alice, "Needed"))
    session.commit()
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Messages").click()
    page.get_by_role("link", name="New message").click()
    page.locator("#new-subject").fill("С Днём учителя")
    page.get_by_role("button", name="Add").click()
    expect(page.locator("#new-body-error")).to_be_visible()
    page.locator("#new-body").fill("Дорогие учителя!")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_text("2 messages")).to_be_visible()
    page.get_by_role("link", name="Edit С Днём учителя").click()
    page.locator(".row-form textarea").fill("Поздравляем")
    page.get_by_role("button", name="Save").click()
    expect(toast(page)).to_contain_text("Saved")
    page.get_by_role("link", name="Delete Needed…").click()
    expect(page.get_by_role("dialog")).to_contain_text("1 booked mailing still needs this message")
    page.get_by_role("link", name="Close").click()
    page.get_by_role("link", name="Delete С Днём учителя…").click()
    page.get_by_role("button", name="Delete the message").click()
    expect(page.get_by_text("1 message", exact=True)).to_be_visible()


def test_without_javascript_the_same_is_done_by_pages(
    new_context: NewContext, page: Page, installation: str, session: Session, alice: User
) -> None:
    context = new_context(java_script_enabled=False, storage_state=page.context.storage_state())
    plain = context.new_page()
    plain.goto(f"{installation}/clients/")
    plain.get_by_role("link", name="New client").click()
    plain.get_by_label("Email").fill("plain@example.org")
    plain.get_by_role("button", name="Add the client").click()
    expect(plain.locator(".toast")).to_contain_text("Added: plain@example.org.")
    plain.get_by_label("Search clients").fill("plain")
    plain.get_by_role("button", name="Search").click()
    expect(plain.locator(NAMES)).to_have_text(["plain@example.org"])
    plain.get_by_role("link", name="Edit plain@example.org").click()
    plain.get_by_label("Full name").fill("Plain")
    plain.get_by_role("button", name="Save").click()
    plain.get_by_role("link", name="Delete…").click()
    plain.get_by_role("button", name="Delete the client").click()
    expect(plain.locator(".toast")).to_contain_text("Deleted: Plain.")
    assert on_file(session, alice) == 2
