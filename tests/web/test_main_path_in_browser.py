"""The way from a client to a mailing under way: in each language, theme and width, and without JavaScript."""

import pytest
from flask import Flask
from playwright.sync_api import Page, ViewportSize, expect
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.domain.books import books_of
from mailer.models.mailings import Mailing
from mailer.models.users import User
from tests.support.factories import client_of
from tests.support.real_browser import NewContext
from tests.support.visitor import visitor
from tests.web.looks import DESK, PHONE, Theme, overflow, violations

pytestmark = pytest.mark.one_database("the views' own tests run on both")

# Each pair of language, theme and width comes once.
LOOKS = [("en", "light", DESK), ("en", "dark", PHONE), ("ru", "light", PHONE), ("ru", "dark", DESK)]


@pytest.mark.parametrize(("language", "theme", "viewport"), LOOKS)
def test_the_main_path_in_every_look(
    new_context: NewContext,
    app: Flask,
    installation: str,
    session: Session,
    alice: User,
    language: str,
    theme: Theme,
    viewport: ViewportSize,
) -> None:
    client_of(alice, "oleg@example.org", "Oleg Tarasov")
    alice.language = language
    session.commit()
    cookie = visitor(app, session, alice).get_cookie("session")
    assert cookie is not None
    context = new_context(color_scheme=theme, viewport=viewport, reduced_motion="reduce")
    context.add_cookies([{"name": "session", "value": cookie.value, "url": installation}])
    page = context.new_page()
    page.goto(f"{installation}/clients/")
    put_a_client_on_file(page)
    write_a_message(page)
    book_a_mailing(page)
    start_it(page)
    expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)
    expect(page.locator("html")).to_have_attribute("lang", language)
    session.rollback()
    assert session.scalar(select(func.count(Mailing.id))) == 1


def is_fine(page: Page) -> None:
    # What is still asked for would be broken off when the page is left, and complained of.
    page.wait_for_load_state("networkidle")
    assert violations(page) + overflow(page) == []


def put_a_client_on_file(page: Page) -> None:
    page.locator("#new").click()
    page.locator("#new-email").fill("nonsense")
    page.keyboard.press("Enter")
    expect(page.locator("#new-email-error")).to_be_visible()
    is_fine(page)
    page.locator("#new-email").fill("anna@example.org")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("anna@example.org")
    page.keyboard.press("Escape")
    row = page.locator("#clients tbody tr", has_text="anna@example.org")
    row.locator("a[id^=edit]").click()
    is_fine(page)
    page.locator(".row-form [name=full_name]").fill("Анна Белова")
    page.keyboard.press("Enter")
    row.locator("a[aria-haspopup=dialog]").click()
    expect(page.locator("#dialog")).to_contain_text("Анна Белова")
    is_fine(page)
    page.keyboard.press("Escape")
    expect(page.locator("#dialog")).to_be_hidden()


def write_a_message(page: Page) -> None:
    page.locator(".side a[href='/messages/'], .tabbar a[href='/messages/']").locator("visible=true").click()
    page.locator("#new").click()
    page.locator("#new-subject").fill("Spring")
    page.locator("#new-body").fill("Hello")
    is_fine(page)
    page.locator("#new-subject").press("Enter")
    expect(page.locator("#messages tbody th")).to_have_text(["Spring"])


def book_a_mailing(page: Page) -> None:
    page.goto(page.url.replace("/messages/", "/mailings/new"))
    page.locator("#message-page").select_option("Spring")
    page.locator("[name=audience][value=selected]").check()
    page.locator("#find").fill("белова")
    expect(page.locator(".chooser-list li")).to_have_count(1)
    page.locator(".chooser-list input").check()
    expect(page.locator("#summary .figure")).to_have_text("1")
    is_fine(page)
    page.locator("[data-default]").click()
    expect(page.locator("h1")).to_have_text("Spring")
    is_fine(page)


def start_it(page: Page) -> None:
    page.locator("#primary").click()
    expect(page.locator("#dialog")).to_contain_text("Spring")
    is_fine(page)
    page.locator("#dialog button[type=submit]").click()
    expect(page.locator("#dialog")).to_be_hidden()
    expect(page.locator(".toast").last).to_be_visible()


def test_the_same_path_without_javascript(
    new_context: NewContext, app: Flask, installation: str, session: Session, alice: User
) -> None:
    client_of(alice, "oleg@example.org", "Oleg Tarasov")
    session.commit()
    cookie = visitor(app, session, alice).get_cookie("session")
    assert cookie is not None
    context = new_context(java_script_enabled=False)
    context.add_cookies([{"name": "session", "value": cookie.value, "url": installation}])
    page = context.new_page()
    page.goto(f"{installation}/clients/new")
    page.get_by_label("Full name").fill("Анна Белова")
    page.get_by_label("Email").fill("anna@example.org")
    page.get_by_role("button", name="Add the client").dblclick()
    expect(page.locator(".toast")).to_contain_text("Added: Анна Белова.")
    page.goto(f"{installation}/messages/new")
    page.get_by_label("Subject").fill("Spring")
    page.get_by_label("Text").fill("Hello")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator(".letter-body")).to_contain_text("Hello")
    page.get_by_role("button", name="Add the message").dblclick()
    page.get_by_role("link", name="New mailing").click()
    page.get_by_label("Selected clients").check()
    page.get_by_label("Search clients").fill("белова")
    page.get_by_role("button", name="Search").click()
    page.get_by_label("Анна Белова").check()
    page.get_by_role("button", name="Save and book").dblclick()
    expect(page.locator("h1")).to_have_text("Spring")
    page.get_by_role("link", name="Start now…").click()
    page.get_by_role("button", name="Send 1 letter").dblclick()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    session.rollback()
    assert [books_of(session, mailing).total for mailing in session.scalars(select(Mailing))] == [1]
