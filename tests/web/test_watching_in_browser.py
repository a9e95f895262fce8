"""A mailing is watched: its page changes in place while letters go out, and asks no more when it is over."""

import re

import pytest
from playwright.sync_api import Page, Request, expect
from sqlalchemy.orm import Session

from mailer.domain.progress import complete_if_settled
from mailer.models.mailings import RecipientState
from mailer.models.users import User
from tests.support.factories import clients_with, message_of, recipients_of, settle, started_mailing_of

pytestmark = pytest.mark.one_database("the views' own tests run on both")

# What a person has done on the page: the name is marked to be copied, a link has the focus, the list is scrolled to.
BE_BUSY = """() => {
  getSelection().selectAllChildren(document.querySelector("h1"));
  document.querySelector("#recipients .filters a").focus({preventScroll: true});
  document.querySelector("#recipients").scrollIntoView({behavior: "instant"});
  window.row = document.querySelector("#recipients tbody tr");
}"""
# What of that is still so, and where in the window the row stands: what grows above it pushes nothing down.
STILL_BUSY = """() => [getSelection().toString(), document.activeElement.closest("section")?.id,
  window.row.isConnected, Math.round(window.row.getBoundingClientRect().top)]"""


def test_a_mailing_is_watched_until_it_is_over(page: Page, installation: str, session: Session, alice: User) -> None:
    clients = clients_with(alice, *(f"reader{number:02}@example.org" for number in range(20)))
    mailing = started_mailing_of(alice, message=message_of(alice, "Spring"), clients=clients)
    recipients = recipients_of(mailing)
    session.commit()
    page.goto(f"{installation}/mailings/{mailing.id}")
    expect(page).to_have_title("0% · Spring · Mailer")
    page.evaluate(BE_BUSY)
    before = page.evaluate(STILL_BUSY)
    assert before[:3] == ["Spring", "recipients", True]

    for recipient in recipients[:15]:
        settle(recipient, RecipientState.ACCEPTED)
    session.commit()
    expect(page.locator("#books .figure")).to_have_text("15")
    expect(page).to_have_title("75% · Spring · Mailer")
    expect(page.locator(".books-bar .is-accepted")).to_have_attribute("width", "75.0%")
    expect(page.locator("#books")).to_contain_text("a second")
    # What stood there before is one word; how long it takes is known from what has been sent.
    expect(page.locator(".books-lead strong")).to_have_text(re.compile(r"^About \d+ (s|min)( \d+ s)? left$"))
    assert page.evaluate(STILL_BUSY) == before

    for recipient in recipients[15:]:
        settle(recipient, RecipientState.FAILED)
    complete_if_settled(session, mailing.id)
    session.commit()
    expect(page).to_have_title("Completed · Spring · Mailer")
    expect(page.locator("#failures .verdict")).to_contain_text("There is no such mailbox")
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)
    expect(page.get_by_role("link", name="Send again…")).to_be_visible()
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))
    page.wait_for_timeout(2500)
    assert asked == []
