"""What axe-core finds on the pages, in both themes, on a phone and on a desk; and a page without scripts."""

from collections.abc import Iterable
from itertools import product
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, ViewportSize, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.domain.audit import Actor, record
from mailer.domain.clock import database_now
from mailer.domain.unsubscribe_links import ensure_unsubscribe_key, unsubscribe_links
from mailer.embedded.outbox_store import Envelope, add_letters, list_letters, open_outbox
from mailer.models.audit import Action
from mailer.models.clients import Suppression
from mailer.models.users import User
from tests.support.application import AppMaker
from tests.support.factories import client_of, completed_mailing_of, mailing_of, recipients_of, suppress
from tests.support.real_browser import NewContext
from tests.support.visitor import visitor
from tests.web.conftest import served
from tests.web.looks import DESK, PHONE, Theme, overflow, violations

pytestmark = pytest.mark.one_database("the views' own tests run on both")

THEMES: tuple[Theme, ...] = ("light", "dark")
# In each language each theme, and each of them with each width.
LOOKS: dict[str, tuple[tuple[Theme, ViewportSize], ...]] = {
    "en": (("light", DESK), ("dark", PHONE)),
    "ru": (("light", PHONE), ("dark", DESK)),
}
STATUSES = {"/auth/reset-password/void": 410, "/nowhere": 404}
PAGES = (
    "/ /clients/ /clients/new /clients/1 /clients/1/edit /clients/import /messages/ /messages/new /messages/{2} "
    "/mailings/ /mailings/new /mailings/{0} /mailings/{1} /mailings/{1}/ask/start /mailings/{0}/ask/resend /attempts/ "
    "/attempts/recipients/1 /addresses/?email=anna@example.org /addresses/erase?email=anna@example.org "
    "/reports/ /reports/periods /reports/replies /reports/mailings/{0} /suppressions/ /suppressions/new "
    "/suppressions/import /auth/profile /auth/profile/edit /auth/profile/password /auth/profile/delete"
)


@pytest.fixture
def link(session: Session, alice: User, installation: str) -> str:
    """The link to unsubscribe in a letter of Alice's."""
    ensure_unsubscribe_key(session, database_now(session))
    mailing = completed_mailing_of(alice)
    token = unsubscribe_links(session).token(alice.id, recipients_of(mailing)[0].id, "anna@example.org")
    session.commit()
    return f"{installation}/u/{token}"


def test_the_page_behind_the_link_is_accessible_before_and_after(new_context: NewContext, link: str) -> None:
    for theme, (locale, viewport) in product(THEMES, (("en-GB", PHONE), ("ru-RU", DESK))):
        context = new_context(color_scheme=theme, locale=locale, viewport=viewport)
        page = context.new_page()
        page.goto(link)
        expect(page.locator("html")).to_have_attribute("lang", locale[:2])
        assert violations(page) == []
        page.locator("main form button").click()
        expect(page.locator("main [role=status]")).to_contain_text("anna@example.org")
        assert violations(page) == []
        page.locator("main form button").click()


def test_a_reader_unsubscribes_without_javascript(new_context: NewContext, link: str, session: Session) -> None:
    context = new_context(java_script_enabled=False, locale="ru-RU")
    page = context.new_page()
    page.goto(link)
    page.locator("main form button").click()
    expect(page.locator("main h1")).to_have_text("Больше вы писем не получите")
    session.rollback()
    assert session.scalars(select(Suppression.email)).all() == ["anna@example.org"]


@pytest.mark.parametrize("language", LOOKS)
def test_the_pages_of_a_user_are_accessible(
    new_context: NewContext, app: Flask, installation: str, session: Session, alice: User, language: str
) -> None:
    client_of(alice, "anna@example.org", "Анна Белова", "Блокноты")
    client_of(alice, "oleg@example.org", "Oleg Tarasov")
    suppress(alice, "oleg@example.org", "vera@example.org")
    mailing, booked = completed_mailing_of(alice, accepted=2, failed=1, unknown=1), mailing_of(alice)
    ids = mailing.id, booked.id, booked.message_id
    alice.language = language
    session.commit()
    cookie = visitor(app, session, alice).get_cookie("session")
    assert cookie is not None
    # Colours that are still on their way would be looked at.
    context = new_context(reduced_motion="reduce")
    context.add_cookies([{"name": "session", "value": cookie.value, "url": installation}])
    assert problems(context.new_page(), installation, PAGES.format(*ids).split(), language) == {}


@pytest.mark.parametrize("language", LOOKS)
def test_the_pages_of_an_admin_are_accessible(
    new_context: NewContext,
    make_app: AppMaker,
    data_dir: Path,
    session: Session,
    alice: User,
    adam: User,
    language: str,
) -> None:
    app, mailing = make_app(csrf=True, MAIL_SERVER=""), mailing_of(alice)
    with open_outbox(data_dir) as outbox:
        add_letters(outbox, [Envelope("shop@mailer.example", ("anna@example.org",), b"Subject: News\r\n\r\nHello")])
        [letter] = list_letters(outbox, limit=1)
    record(session, Action.START, Actor("127.0.0.1", adam.id, adam.email), database_now(session), mailing)
    adam.language = language
    session.commit()
    cookie = visitor(app, session, adam).get_cookie("session")
    assert cookie is not None
    context = new_context(reduced_motion="reduce")
    ask = f"/users/{alice.id}/ask"
    paths = f"/mailings/all /mailings/{mailing.id} /users/ {ask}/block {ask}/role /audit/ /outbox/ /outbox/{letter.id}"
    with served(app) as url:
        context.add_cookies([{"name": "session", "value": cookie.value, "url": url}])
        assert problems(context.new_page(), url, paths.split(), language) == {}


@pytest.mark.parametrize("language", LOOKS)
def test_the_pages_before_the_login_are_accessible(
    new_context: NewContext, installation: str, session: Session, alice: User, language: str
) -> None:
    session.commit()
    page = new_context(locale=language, reduced_motion="reduce").new_page()
    paths = ["/auth/login", "/auth/register", "/auth/reset-password", "/auth/reset-password/void", "/nowhere"]
    assert problems(page, installation, paths, language) == {}


def problems(page: Page, url: str, paths: Iterable[str], language: str) -> dict[str, list[str]]:
    """What axe-core finds on these pages, and what does not fit into the window, by page and look."""
    found: dict[str, list[str]] = {}
    for path in paths:
        answer = page.goto(f"{url}{path}")
        assert answer is not None and answer.status == STATUSES.get(path, 200), path
        expect(page.locator("html")).to_have_attribute("lang", language)
        for theme, viewport in LOOKS[language]:
            page.emulate_media(color_scheme=theme)
            page.set_viewport_size(viewport)
            found[f"{path}, {theme}, {viewport['width']} px"] = violations(page) + overflow(page)
    return {place: words for place, words in found.items() if words}
