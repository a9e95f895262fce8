"""What lists.js and forms.js do with ticks and typed words, in a real browser."""

import re

import pytest
from playwright.sync_api import Dialog, Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.domain.clients import clients_of, count_of
from mailer.models.mailings import Mailing
from mailer.models.users import User
from tests.support.factories import clients_with, mailing_of, message_of

pytestmark = pytest.mark.one_database("the views' own tests run on both")

ROWS = "#clients tbody tr"


def test_ticked_rows_are_counted_and_deleted_together(page: Page, session: Session, alice: User) -> None:
    clients_with(alice, *(f"z{number:03}@example.org" for number in range(60)))
    session.commit()
    page.reload()
    bar, count = page.locator("#bulk"), page.locator("[data-tick-count]")
    expect(bar).to_be_hidden()
    page.get_by_label("Select Oleg Tarasov").check()
    expect(count).to_have_text("1 selected")
    page.get_by_label("Select this page").check()
    expect(count).to_have_text("50 selected")
    page.get_by_label("Select Oleg Tarasov").focus()
    page.keyboard.press("Enter")
    expect(count).to_have_text("49 selected")
    page.locator("#q").press_sequentially("z0")
    expect(page.get_by_text("60 clients", exact=True)).to_be_visible()
    page.get_by_label("All 60 that match").check()
    expect(count).to_have_text("60 selected")
    bar.get_by_role("button", name="Delete…").click()
    expect(page.get_by_role("dialog")).to_contain_text("Delete 60 clients?")
    page.get_by_role("button", name="Delete 60 clients").click()
    expect(page.locator(".toast").last).to_contain_text("Deleted 60 clients.")
    expect(page.get_by_text("No client matches")).to_be_visible()
    session.rollback()
    assert count_of(session, clients_of(alice.id)) == 2


def test_the_chooser_searches_by_enter_and_keeps_the_focus_when_it_turns(
    page: Page, installation: str, session: Session, alice: User
) -> None:
    clients_with(alice, *(f"z{number:03}@example.org" for number in range(110)))
    session.commit()
    page.goto(f"{installation}/mailings/new")
    page.get_by_label("Selected clients").check()
    page.get_by_label("Search clients").fill("z1")
    page.keyboard.press("Enter")
    expect(page.locator("#chooser")).to_contain_text("1–10 of 10")
    expect(page.get_by_label("Search clients")).to_be_focused()
    page.get_by_label("Search clients").fill("")
    expect(page.locator("#chooser")).to_contain_text("1–50 of 112")
    page.get_by_role("button", name="Next").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#chooser")).to_contain_text("51–100 of 112")
    expect(page.get_by_role("button", name="Next")).to_be_focused()


def test_the_second_of_two_tabs_is_told_in_its_row_and_decides(page: Page) -> None:
    other = page.context.new_page()
    other.goto(page.url)
    for tab in (page, other):
        tab.get_by_role("link", name="Edit Oleg Tarasov").click()
    page.locator(".row-form [name=full_name]").fill("Oleg the First")
    page.keyboard.press("Enter")
    expect(page.locator(ROWS, has_text="Oleg the First")).to_be_visible()
    other.locator(".row-form [name=full_name]").fill("Oleg the Second")
    other.keyboard.press("Enter")
    expect(other.get_by_role("alert")).to_contain_text("Oleg the First")
    expect(other.locator(".row-form [name=full_name]")).to_have_value("Oleg the Second")
    other.keyboard.press("Enter")
    expect(other.locator(ROWS, has_text="Oleg the Second")).to_be_visible()


def test_typed_words_are_counted_previewed_and_not_thrown_away_unasked(page: Page) -> None:
    questions: list[str] = []

    def stay(dialog: Dialog) -> None:
        questions.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.goto(page.url.replace("/clients/", "/mailings/new"))
    page.get_by_role("heading", level=1).click()
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Messages").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Messages")
    assert questions == [], "nothing was typed into the form that was left"
    page.get_by_role("link", name="New message").click()
    page.locator("#new-subject").fill("Скидки 🎉")
    expect(page.locator("#new-subject-hint")).to_have_text("8 of 200 characters")
    page.locator("#new-body").fill("Всё вдвое дешевле.")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("dialog").locator(".letter-heads")).to_contain_text("Скидки 🎉")
    page.get_by_role("link", name="Close").click()
    page.locator("#new-body").press("Escape")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Clients").click()
    expect(page.locator("#new-body")).to_have_value("Всё вдвое дешевле.")
    assert questions == ["confirm", "beforeunload"]
    page.locator("#new-subject").press("Enter")
    expect(page.locator(".toast").last).to_contain_text("Added: Скидки 🎉.")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Clients").click()
    expect(page.locator(ROWS).first).to_be_visible()
    assert len(questions) == 2


def test_enter_in_a_date_saves_a_mailing_and_enter_in_the_chooser_searches(
    page: Page, installation: str, session: Session, alice: User
) -> None:
    message_of(alice, "Spring")
    session.commit()
    page.goto(f"{installation}/mailings/new")
    page.get_by_label("Message").select_option("Spring")
    page.get_by_label("Selected clients").check()
    page.locator("#find").fill("белова")
    page.locator("#find").press("Enter")
    expect(page.locator(".chooser-list li")).to_have_count(1)
    page.get_by_label("Анна Белова").check()
    expect(page.locator("#summary .figure")).to_have_text("1")
    page.locator("#end_time").fill("2030-01-31T21:05")
    expect(page.locator("[data-tells=end_time]")).to_have_text(re.compile("Thu.* 31 January.* 21:05"))
    page.locator("#end_time").press("Enter")
    expect(page.get_by_role("heading", name="Spring", level=1)).to_be_visible()
    assert len(session.scalars(select(Mailing)).all()) == 1


def test_a_start_by_hand_asks_first(page: Page, installation: str, session: Session, alice: User) -> None:
    mailing = mailing_of(alice, message=message_of(alice, "Spring"))
    session.commit()
    page.goto(f"{installation}/mailings/{mailing.id}")
    page.get_by_role("link", name="Start now…").click()
    expect(page.get_by_role("dialog")).to_contain_text("Start “Spring” now?")
    page.get_by_role("button", name="Send 2 letters").click()
    expect(page.locator(".toast").last).to_contain_text("starts")
    expect(page.get_by_role("dialog")).to_have_count(0)
