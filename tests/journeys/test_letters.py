"""From `make run` and a browser to letters in a real mail server, as a newcomer goes."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest

from tests.support.http_browser import HttpBrowser
from tests.support.ports import free_port
from tests.support.processes import Processes, Running
from tests.support.smtp_ledger import Letter
from tests.support.smtp_server import SmtpServer
from tests.support.waiting import wait_until

OWNER = "olga@пример.рф"
PASSWORD = "a long enough password"

# A text in Cyrillic is encoded on the way, a plain one goes as it is.
MESSAGES = {
    "Распродажа начинается в пятницу, приходите всей семьёй и приводите друзей 🌷": (
        "Здравствуйте!\n\nТри строки с точками:\n.\n..\n.точка в начале\n\nДо встречи 🌷\n"
    ),
    "We move": "Hello,\n\n.\n..\n.dot\n\nFrom here we move on Monday.\n",
}

# The name and the address as they are typed, and the address in the envelope.
CLIENTS = [
    ("Анна Петрова", "anna@example.org", "anna@example.org"),
    ("Вера 🌷 «Весна»", "vera.long+shop@example.org", "vera.long+shop@example.org"),
    ("Smith, John", "John@example.org", "John@example.org"),
    ("Информация", "info@почта.рф", "info@xn--80a1acny.xn--p1ai"),
    ("", "noname@example.org", "noname@example.org"),
]


@pytest.fixture
def make_run(processes: Processes, empty_database_url: str) -> Iterator[tuple[Running, str]]:
    """What `make run` starts, with our mail server and a Redis of its own; and the URL where it is."""
    port = str(free_port())
    processes.environment |= {"PORT": port, "REDIS_URL": "", "SECRET_KEY": "", "DATABASE_URL": empty_database_url}
    run = processes.start("make-run", "-m", "mailer.embedded")
    wait_until(lambda: "Ctrl-C stops everything" in run.words or not run.is_alive, "the last line of make run", 90)
    assert run.is_alive, run.words
    yield run, f"http://127.0.0.1:{port}"
    run.terminate()


def test_a_mailing_scheduled_in_the_browser_arrives_once_at_each_client_with_every_letter_intact(
    make_run: tuple[Running, str], processes: Processes, smtp_server: SmtpServer
) -> None:
    run, url = make_run
    browser = HttpBrowser(url)
    register(browser)
    add_clients(browser)
    booked = dict(schedule(browser, write_message(browser, subject)) for subject in MESSAGES)

    for mailing_id in booked:
        wait_until(lambda: report(processes, mailing_id)["status"] == "completed", "the mailing to complete", every=1)
        counts = {"pending": 0, "sending": 0, "failed": 0, "unknown": 0, "suppressed": 0, "expired": 0}
        everybody = {"total": len(CLIENTS), "accepted": len(CLIENTS)}
        assert report(processes, mailing_id) == {"id": mailing_id, "status": "completed"} | counts | everybody
    # The owner has got a letter of the system's own too, to confirm the address.
    letters = [letter for letter in smtp_server.ledger.letters if "Auto-Submitted" not in letter.message]
    to_everybody = sorted((envelope,) for _, _, envelope in CLIENTS)
    for subject in MESSAGES:
        of_subject = [letter for letter in letters if letter.message["Subject"] == subject]
        assert sorted(letter.recipients for letter in of_subject) == to_everybody
    for letter in letters:
        assert_is_correct(letter)
        assert letter.received_at >= min(booked.values()).timestamp()
    assert len({letter.message["Message-ID"] for letter in letters}) == len(letters) == len(MESSAGES) * len(CLIENTS)
    assert run.is_alive


def register(browser: HttpBrowser) -> None:
    browser.open("/auth/register")
    browser.submit(email=OWNER, password=PASSWORD, password_confirm=PASSWORD)
    assert browser.status == 200, browser.words


def add_clients(browser: HttpBrowser) -> None:
    for full_name, email, _ in CLIENTS:
        browser.open("/clients/new")
        browser.submit(email=email, full_name=full_name, comment="Любит чай")
        assert browser.page.select_one(f"[title='{email}']"), browser.words


def write_message(browser: HttpBrowser, subject: str) -> int:
    """The id of the new message."""
    browser.open("/messages/new")
    browser.submit(subject=subject, body=MESSAGES[subject].replace("\n", "\r\n"))
    assert browser.status == 200, browser.words
    browser.open("/mailings/new")
    [option] = [option for option in browser.page.select("option") if option.get_text() == subject]
    return int(str(option["value"]))


def schedule(browser: HttpBrowser, message_id: int) -> tuple[int, datetime]:
    """The id of a mailing five seconds ahead, and its start."""
    browser.open("/mailings/new")
    start_time = (datetime.now(UTC) + timedelta(seconds=6)).replace(microsecond=0)
    end_time = start_time + timedelta(hours=1)
    times = {"start_time": f"{start_time:%Y-%m-%dT%H:%M:%S}", "end_time": f"{end_time:%Y-%m-%dT%H:%M:%S}"}
    browser.submit(message_id=message_id, audience="all", **times)
    assert browser.status == 200, browser.words
    return int(browser.url.rpartition("/")[2]), start_time


def report(processes: Processes, mailing_id: int) -> dict[str, object]:
    command = processes.flask("mailing-report", str(mailing_id), "--json")
    assert command.returncode == 0, command.stderr
    found: dict[str, object] = json.loads(command.stdout)
    return found


def assert_is_correct(letter: Letter) -> None:
    message = letter.message
    [full_name] = [name for name, _, envelope in CLIENTS if envelope in letter.recipients]
    assert letter.sender == "shop@mailer.example"
    assert str(message["From"]) == "Corner Shop <shop@mailer.example>"
    assert message["Reply-To"].addresses[0].addr_spec == "olga@xn--e1afmkfd.xn--p1ai"
    [to] = message["To"].addresses
    assert (to.display_name, to.addr_spec) == (full_name, letter.recipients[0])
    assert abs(parsedate_to_datetime(message["Date"]).timestamp() - letter.received_at) < 60
    assert str(message["Message-ID"]).startswith("<") and str(message["Message-ID"]).endswith("@mailer.example>")
    assert letter.text.startswith(MESSAGES[str(message["Subject"])].rstrip() + "\n\n")
    assert str(message["List-Unsubscribe"])[1:-1] == letter.text.split()[-1]
    once = "From To Reply-To Subject Date Message-ID MIME-Version Content-Type List-Id List-Unsubscribe"
    for name in once.split():
        assert len(message.get_all(name)) == 1, name
    # Nothing depends on what the servers on the way can carry (RFC 5321, 4.5.3.1.6; RFC 5322, 2.1.1).
    assert letter.raw.isascii() and max(map(len, letter.raw.splitlines())) <= 998
