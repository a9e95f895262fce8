"""Where the focus is after what had it has gone, and what is said of it, in a real browser."""

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session

from mailer.domain.progress import complete_if_settled
from mailer.models.mailings import RecipientState
from mailer.models.users import User
from tests.support.factories import recipients_of, settle, started_mailing_of

pytestmark = pytest.mark.one_database("the views' own tests run on both")


def test_a_new_toast_takes_the_place_of_the_one_before(page: Page) -> None:
    for words in ("It starts by itself.", "It starts now."):
        page.evaluate("message => document.dispatchEvent(new CustomEvent('toast', {detail: {message}}))", words)
    expect(page.locator(".toast")).to_have_text(["It starts now."])


def test_the_focus_goes_to_a_message_that_has_been_added(page: Page, installation: str) -> None:
    page.goto(f"{installation}/messages/")
    page.locator("#new").click()
    page.locator("#new-subject").fill("Spring")
    page.locator("#new-body").fill("Hello")
    page.locator("#new-subject").press("Enter")
    expect(page.locator("#messages").get_by_role("link", name="Spring", exact=True)).to_be_focused()


def test_the_focus_stays_on_the_page_when_the_button_goes_with_the_end_of_a_mailing(
    page: Page, installation: str, session: Session, alice: User
) -> None:
    mailing = started_mailing_of(alice)
    session.commit()
    page.goto(f"{installation}/mailings/{mailing.id}")
    page.get_by_role("button", name="Pause").focus()
    for recipient in recipients_of(mailing):
        settle(recipient, RecipientState.ACCEPTED)
    complete_if_settled(session, mailing.id)
    session.commit()
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)
    expect(page.locator("#main")).to_be_focused()
