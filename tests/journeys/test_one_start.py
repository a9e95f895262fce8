"""However many call for the start of one mailing at once, it starts once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy.orm import Session

from mailer.models.users import User
from tests.journeys.steps import Watcher, addresses, assert_books_agree, due_mailing_of
from tests.support.factories import PASSWORD
from tests.support.http_browser import HttpBrowser
from tests.support.processes import Processes
from tests.support.smtp_server import SmtpServer

RECIPIENTS = 25
CALLERS = 5


def test_many_processes_and_clicks_at_once_make_one_start_and_one_letter_each(
    session: Session, alice: User, processes: Processes, smtp_server: SmtpServer
) -> None:
    mailing = due_mailing_of(alice, addresses(RECIPIENTS), starts_in=timedelta(hours=1))
    watcher = Watcher(session, mailing)
    url, number, email = processes.start_web(), mailing.id, alice.email
    session.commit()
    cookies = logged_in(url, email).cookies
    browsers = [HttpBrowser(url, cookies) for _ in range(CALLERS)]
    for browser in browsers:
        browser.open(f"/mailings/{number}/ask/start")
    processes.start_worker()
    processes.start_worker()
    processes.start_scheduler()

    with ThreadPoolExecutor(2 * CALLERS) as callers:
        commands = [callers.submit(processes.flask, "send-mailings", "--mailing", str(number)) for _ in browsers]
        clicks = [callers.submit(browser.submit, f"form[action$='/mailings/{number}/start']") for browser in browsers]
    assert [command.result().stderr for command in commands if command.result().returncode] == []
    assert [click.exception() for click in clicks if click.exception()] == []
    assert {browser.status for browser in browsers} <= {200, 409}

    assert watcher.wait_until_completed().accepted == RECIPIENTS
    assert_books_agree(watcher, smtp_server.ledger)
    assert watcher.mailing.round == 1


def logged_in(url: str, email: str) -> HttpBrowser:
    browser = HttpBrowser(url)
    browser.open("/auth/login")
    browser.submit("form", email=email, password=PASSWORD)
    assert browser.status == 200, browser.words
    return browser
