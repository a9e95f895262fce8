"""Somebody's own account, in a real browser: the password comes back through the outbox, and the picture changes."""

import io
import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session

from mailer.embedded.data_dir import write_services
from mailer.models.users import User
from tests.support.factories import PASSWORD
from tests.support.ports import free_port, is_listening
from tests.support.processes import Processes
from tests.support.real_browser import NewContext
from tests.support.waiting import wait_until

NEW = "plum orbit candle seven"


@pytest.fixture
def installation(processes: Processes, data_dir: Path) -> str:
    """The URL of a web server whose mail is caught by the outbox, and a worker that sends it."""
    port = free_port()
    write_services(data_dir, {"outbox_port": port})
    caught = {"MAIL_SERVER": "", "MAIL_PORT": "", "MAIL_DEFAULT_SENDER": ""}
    processes.start("outbox", "-m", "mailer.embedded.outbox_server", **caught)
    wait_until(lambda: is_listening(port), "the outbox to listen")
    url = processes.start_web(**caught)
    processes.start_worker(**caught)
    return url


@pytest.mark.one_database("the tests of the views and of the letters run on both")
def test_a_password_is_reset_through_the_outbox_and_a_picture_chosen(
    new_context: NewContext,
    browser_page: Page,
    installation: str,
    session: Session,
    alice: User,
    adam: User,
) -> None:
    session.commit()
    ask_for_a_password(browser_page, installation)
    path = link_in_the_outbox(new_context, installation)
    choose_a_password(browser_page, installation + path)
    choose_a_picture(browser_page)


def ask_for_a_password(page: Page, url: str) -> None:
    page.goto(f"{url}/auth/login")
    page.get_by_role("link", name="Forgot the password?").click()
    page.get_by_label("Email").fill("alice@mailer.example")
    page.get_by_role("button", name="Send me the link").click()
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()


def link_in_the_outbox(new_context: NewContext, url: str) -> str:
    """What an admin on the newcomer's machine finds there."""
    context = new_context()
    page = context.new_page()
    page.goto(f"{url}/auth/login?next=/outbox/")
    page.get_by_label("Email").fill("adam@mailer.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    letter = page.get_by_role("link", name="Choose a new password")
    for _ in range(60):
        if letter.count():
            break
        page.wait_for_timeout(500)
        page.reload()
    letter.click()
    text = page.locator(".letter-body").inner_text()
    context.close()
    link = re.search(r"/auth/reset-password/\S+", text)
    assert link is not None, text
    return link.group(0)


def choose_a_password(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_label("Password", exact=True).fill(NEW)
    page.get_by_label("Password again").fill(NEW)
    page.get_by_role("button", name="Save and sign in").click()
    expect(page.locator(".toast")).to_contain_text("The new password counts")


def choose_a_picture(page: Page) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (300, 200), "teal").save(picture, "PNG")
    own = page.locator(".me-link")
    expect(own.locator("span.avatar")).to_have_text("A")
    own.click()
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Picture", exact=True).set_input_files(
        {"name": "alice.png", "mimeType": "image/png", "buffer": picture.getvalue()}
    )
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1, name="Alice")).to_be_visible()
    own_picture = page.locator(".me-link img.avatar")
    expect(own_picture).to_be_visible()
    assert own_picture.evaluate("image => image.naturalWidth") == 256
