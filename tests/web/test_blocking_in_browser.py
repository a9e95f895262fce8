"""A manager in one browser blocks a user in another, who sees the session end."""

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session

from mailer.models.users import User
from tests.support.factories import started_mailing_of
from tests.support.real_browser import NewContext
from tests.support.visitor import visitor

pytestmark = pytest.mark.one_database("the views' own tests run on both")


@pytest.fixture
def managers_page(
    new_context: NewContext, installation: str, app: Flask, session: Session, mary: User
) -> Page:
    """A second browser, in which Mary has signed in."""
    session.commit()
    cookie = visitor(app, session, mary).get_cookie("session")
    assert cookie is not None
    context = new_context()
    context.add_cookies([{"name": "session", "value": cookie.value, "url": installation}])
    return context.new_page()


def test_a_user_who_is_blocked_in_another_browser_sees_the_session_end(
    page: Page, managers_page: Page, installation: str, session: Session, alice: User
) -> None:
    mailing = started_mailing_of(alice)
    session.commit()
    mailing_url = f"{installation}/mailings/{mailing.id}"
    page.goto(mailing_url)
    expect(page.get_by_role("button", name="Pause")).to_be_visible()

    managers_page.goto(f"{installation}/users/")
    managers_page.locator("#users tbody tr", has_text="Alice").get_by_role("link", name="Block…").click()
    dialog = managers_page.get_by_role("dialog")
    dialog.get_by_role("button", name="Block the user").click()
    expect(dialog.locator(".field-error")).to_be_visible()
    dialog.get_by_label("Reason").fill("It reads like spam")
    dialog.get_by_role("button", name="Block the user").click()
    expect(dialog).to_be_hidden()
    expect(managers_page.locator("#users tbody tr", has_text="Alice")).to_contain_text("It reads like spam")

    # The focus stays in the row whose button has given way to another.
    row = managers_page.locator("#users tbody tr", has_text="Alice")
    expect(row.get_by_role("button", name="Unblock")).to_be_focused()

    # Her page asks for its live region by itself, and is led to the door as a whole.
    page.wait_for_url("**/auth/login**", timeout=30_000)
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    expect(page.locator("#live, .side")).to_have_count(0)
    page.goto(mailing_url)
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")

    managers_page.goto(mailing_url)
    expect(managers_page.locator(".hold.is-disabled")).to_contain_text("its owner was blocked by Mary")
