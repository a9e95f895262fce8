"""Where things stand on a desk and on a phone, in a real browser."""

from datetime import timedelta

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy.orm import Session

from mailer.domain.clock import database_now
from mailer.domain.holds import hold_account
from mailer.models.lanes import HoldKind
from mailer.models.users import User
from tests.support.factories import clients_with, completed_mailing_of, mailing_of
from tests.web.looks import PHONE, overflow

pytestmark = pytest.mark.one_database("the views' own tests run on both")


def sides(thing: Locator) -> tuple[float, float, float, float]:
    """Left, top, right and bottom, in pixels of the window."""
    box = thing.bounding_box()
    assert box is not None
    return box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]


def test_on_a_phone_a_recipient_has_tick_name_and_state_beside_each_other(
    page: Page, installation: str, session: Session, alice: User
) -> None:
    mailing = completed_mailing_of(alice, accepted=1, failed=1)
    session.commit()
    page.set_viewport_size(PHONE)
    page.goto(f"{installation}/mailings/{mailing.id}")
    row = page.locator("#recipients tbody tr", has=page.locator("input"))
    tick, name, state = sides(row.locator("input")), sides(row.locator("th")), sides(row.locator(".state"))
    assert tick[2] < name[0] < tick[2] + 24
    assert name[2] <= state[0]
    assert name[1] < state[3] and state[1] < name[3]
    assert overflow(page) == []


def test_a_hold_of_the_account_is_told_within_the_side_bar(
    page: Page, installation: str, session: Session, alice: User
) -> None:
    now = database_now(session)
    hold_account(session, HoldKind.BLOCKED, now, reason="SPAM", code=554, until=now + timedelta(hours=30))
    alice.language = "ru"
    session.commit()
    page.goto(installation)
    assert sides(page.locator(".account .state"))[2] <= sides(page.locator(".side"))[2]


def test_in_russian_a_word_that_agrees_with_its_number_stands_behind_it(
    page: Page, installation: str, session: Session, alice: User
) -> None:
    mailing_of(alice, clients=clients_with(alice, "boris@example.org", "vera@example.org"), starts_in=timedelta(days=1))
    alice.language = "ru"
    session.commit()
    page.set_viewport_size(PHONE)
    page.goto(installation)
    cell = page.locator("td[data-unit]")
    assert cell.evaluate("cell => getComputedStyle(cell, '::before').content") == "none"
    assert cell.evaluate("cell => getComputedStyle(cell, '::after').content") == '" получателя"'


def test_what_can_be_done_with_the_ticked_rows_stays_in_sight(
    page: Page, installation: str, session: Session, alice: User
) -> None:
    clients_with(alice, *(f"reader{number:02}@example.org" for number in range(30)))
    session.commit()
    page.set_viewport_size(PHONE)
    page.goto(f"{installation}/clients/")
    page.locator("#clients tbody .tick input").last.check()
    expect(page.get_by_role("button", name="Mailing to these")).to_be_in_viewport()
