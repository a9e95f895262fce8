"""What axe-core finds on the pages, in both themes, on a phone and on a desk; and a page without scripts."""

from itertools import product
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.domain.clock import database_now
from mailer.domain.unsubscribe_links import ensure_unsubscribe_key, unsubscribe_links
from mailer.models.clients import Suppression
from mailer.models.users import User
from tests.support.factories import client_of, completed_mailing_of, mailing_of, recipients_of, suppress
from tests.support.visitor import visitor

pytestmark = pytest.mark.one_database("the views' own tests run on both")

AXE = (Path(__file__).parents[1] / "vendor" / "axe.min.js").read_text()
THEMES = ("light", "dark")
PHONE, DESK = {"width": 375, "height": 740}, {"width": 1280, "height": 900}


@pytest.fixture
def link(session: Session, alice: User, installation: str) -> str:
    """The link to unsubscribe in a letter of Alice's."""
    ensure_unsubscribe_key(session, database_now(session))
    mailing = completed_mailing_of(alice)
    token = unsubscribe_links(session).token(alice.id, recipients_of(mailing)[0].id, "anna@example.org")
    session.commit()
    return f"{installation}/u/{token}"


def violations(page: Page) -> list[str]:
    page.evaluate(AXE)
    found = page.evaluate("axe.run().then(found => found.violations)")
    return [f"{one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]]


def test_the_page_behind_the_link_in_a_letter_is_accessible_before_and_after(chromium: Browser, link: str) -> None:
    for theme, (locale, viewport) in product(THEMES, (("en-GB", PHONE), ("ru-RU", DESK))):
        context = chromium.new_context(color_scheme=theme, locale=locale, viewport=viewport)
        page = context.new_page()
        page.goto(link)
        expect(page.locator("html")).to_have_attribute("lang", locale[:2])
        assert violations(page) == []
        page.locator("main form button").click()
        expect(page.locator("main [role=status]")).to_contain_text("anna@example.org")
        assert violations(page) == []
        page.locator("main form button").click()
        context.close()


def test_a_reader_unsubscribes_without_javascript(chromium: Browser, link: str, session: Session) -> None:
    context = chromium.new_context(java_script_enabled=False, locale="ru-RU")
    page = context.new_page()
    page.goto(link)
    page.locator("main form button").click()
    expect(page.locator("main h1")).to_have_text("Больше вы писем не получите")
    context.close()
    session.rollback()
    assert session.scalars(select(Suppression.email)).all() == ["anna@example.org"]


def test_the_pages_of_a_user_are_accessible(
    chromium: Browser, app: Flask, installation: str, session: Session, alice: User
) -> None:
    client_of(alice, "anna@example.org", "Анна Белова", "Блокноты")
    client_of(alice, "oleg@example.org", "Oleg Tarasov")
    suppress(alice, "oleg@example.org", "vera@example.org")
    mailing, booked = completed_mailing_of(alice, accepted=2, failed=1, unknown=1), mailing_of(alice)
    ids = mailing.id, booked.id, booked.message_id
    session.commit()
    cookie = visitor(app, session, alice).get_cookie("session")
    assert cookie is not None
    pages = (
        "/ /clients/ /clients/new /clients/1 /clients/import /messages/ /messages/new /messages/{2} /mailings/ "
        "/mailings/new /mailings/{0} /mailings/{1} /mailings/{1}/ask/start /attempts/ /reports/ /reports/periods "
        "/reports/replies /reports/mailings/{0} /suppressions/ /suppressions/import /auth/profile"
    )
    found: dict[str, list[str]] = {}
    for number, path in enumerate(pages.format(*ids).split()):
        # Each page once, and each theme with each width in turn.
        theme, viewport = THEMES[number % 2], (PHONE, DESK)[number // 2 % 2]
        context = chromium.new_context(color_scheme=theme, viewport=viewport)
        context.add_cookies([{"name": "session", "value": cookie.value, "url": installation}])
        page = context.new_page()
        answer = page.goto(f"{installation}{path}")
        assert answer is not None and answer.status == 200, path
        found[f"{path}, {theme}, {viewport['width']} px"] = violations(page)
        context.close()
    assert {place: problems for place, problems in found.items() if problems} == {}
