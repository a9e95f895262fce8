"""A hold's reason, "try now" and sending again to ticked recipients, in a real browser."""

import threading
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

from mailer.domain.clock import database_now
from mailer.domain.holds import hold_account
from mailer.models.lanes import HoldKind
from mailer.models.mailings import RecipientState
from mailer.models.users import User
from tests.support.factories import completed_mailing_of, recipients_of, started_mailing_of
from tests.support.ports import free_port
from tests.support.redis_server import RedisServer
from tests.support.visitor import visitor

pytestmark = pytest.mark.one_database("the views' own tests run on both")

SPAM_BLOCK = "5.7.1 [2] Message rejected under suspicion of SPAM; https://ya.cc/1IrBc"

Open = Callable[[User, str], Page]


@pytest.fixture
def open_as(
    browser_page: Page, app: Flask, app_with_csrf: Flask, session: Session
) -> Iterator[Open]:
    """Opens a page of the app, served from a thread of the test, for somebody who has signed in."""
    port = free_port()
    server = make_server("127.0.0.1", port, app_with_csrf, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    def open_page(user: User, path: str) -> Page:
        session.commit()
        cookie = visitor(app, session, user).get_cookie("session")
        assert cookie is not None
        url = f"http://127.0.0.1:{port}"
        browser_page.context.add_cookies([{"name": "session", "value": cookie.value, "url": url}])
        browser_page.set_default_timeout(10_000)
        browser_page.goto(url + path)
        return browser_page

    yield open_page
    browser_page.context.close()
    server.shutdown()
    thread.join()


def test_a_hold_says_its_reason_and_an_admin_tries_now(
    open_as: Open, session: Session, adam: User, alice: User, redis_server: RedisServer
) -> None:
    mailing = started_mailing_of(alice)
    now = database_now(session)
    hold_account(session, HoldKind.BLOCKED, now, reason=SPAM_BLOCK, code=554, until=None)
    page = open_as(adam, "/")
    hold = page.locator(".hold")
    expect(hold.get_by_role("heading", level=2)).to_contain_text("it is blocked")
    expect(hold.locator(".reply")).to_have_text(f"554 {SPAM_BLOCK}")
    expect(hold).to_contain_text("Each try prolongs it")
    hold.get_by_role("button", name="Try now with one letter").click()
    expect(page.locator(".toast")).to_contain_text("One letter is being tried.")
    assert redis_server.client.llen("rq:queue:lanes") == 1
    assert mailing.id


def test_ticked_recipients_are_sent_to_again_from_the_dialog(
    open_as: Open, session: Session, alice: User
) -> None:
    mailing = completed_mailing_of(alice, accepted=1, failed=2)
    page = open_as(alice, f"/mailings/{mailing.id}")
    page.locator("#recipients [name=recipient_ids]").first.check()
    page.get_by_role("button", name="Send again to the ticked…").click()
    dialog = page.locator("#dialog")
    expect(dialog).to_contain_text("To the 1 recipient whom you have ticked.")
    dialog.get_by_role("button", name="Send again").click()
    expect(page.locator(".toast")).to_contain_text("Sending again to 1 recipient.")
    expect(page.locator("#rounds tbody tr")).to_have_count(2)
    session.rollback()
    assert len(recipients_of(mailing, RecipientState.PENDING)) == 1
