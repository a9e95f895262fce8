"""In which language a page or a letter is, and how somebody chooses it."""

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.delivery.notices import send_notice
from mailer.domain.clock import database_now
from mailer.domain.unsubscribe_links import ensure_unsubscribe_key, unsubscribe_links
from mailer.models.clients import Suppression
from mailer.models.users import User
from tests.support.factories import client_of, clients_with, recipients_of, started_mailing_of
from tests.support.smtp_server import SmtpServer
from tests.support.visitor import Page, Visitor, visitor

RUSSIAN = {"Accept-Language": "ru-RU,ru;q=0.9,en;q=0.5"}
GERMAN = {"Accept-Language": "de"}


def language_of(page: Page) -> str:
    return str(page.one("html")["lang"])


def choose(browser: Visitor, language: str, **more: str) -> Page:
    page: Page = browser.post("/auth/language", data={"language": language, **more})
    return page


def test_a_visitor_is_spoken_to_as_the_browser_asks(anonymous: Visitor) -> None:
    page = anonymous.get("/auth/login", headers=RUSSIAN)
    assert (language_of(page), page.one("h1").get_text()) == ("ru", "Войти")
    assert language_of(anonymous.get("/auth/login", headers=GERMAN)) == "en"


def test_the_profile_goes_before_the_browser(as_alice: Visitor, alice: User) -> None:
    assert language_of(as_alice.get("/", headers=RUSSIAN)) == "ru"
    alice.language = "en"
    assert language_of(as_alice.get("/", headers=RUSSIAN)) == "en"


def test_a_visitor_chooses_and_the_browser_keeps_it(anonymous: Visitor, session: Session) -> None:
    page = anonymous.get("/auth/reset-password?x=1")
    button = page.one("footer .language-choice button")
    assert (button.get_text(), button["lang"]) == ("Русский", "ru")
    asked = page.fields("footer .language-choice")
    answer = choose(anonymous, str(button["value"]), **asked)
    assert (answer.status_code, answer.location) == (303, "/auth/reset-password?x=1")
    page = anonymous.get("/auth/login", headers=GERMAN)
    assert language_of(page) == "ru" and page.one("footer .language-choice button").get_text() == "English"
    assert language_of(anonymous.get("/nothing/here")) == "ru"


def test_whoever_is_signed_in_chooses_for_all_their_browsers(
    app: Flask, as_alice: Visitor, session: Session, alice: User
) -> None:
    assert as_alice.get("/clients/").one("nav.side .language-choice button")["value"] == "ru"
    assert choose(as_alice, "ru", next="/clients/").location == "/clients/"
    session.expire_all()
    assert alice.language == "ru"
    assert as_alice.get("/clients/").one("h1").get_text() == "Клиенты"
    assert language_of(visitor(app, session, alice).get("/", headers=GERMAN)) == "ru"


def test_a_language_that_is_not_spoken_here_is_refused(as_alice: Visitor, session: Session, alice: User) -> None:
    assert choose(as_alice, "tlh").status_code == 422
    session.expire_all()
    assert alice.language == ""


def test_a_choice_leads_to_no_other_site(anonymous: Visitor) -> None:
    assert choose(anonymous, "ru", next="https://elsewhere.example/").location == "/"


def test_the_profile_can_leave_it_to_the_browser_again(as_alice: Visitor) -> None:
    choose(as_alice, "ru")
    form = as_alice.get("/auth/profile/edit").fields()
    assert as_alice.post("/auth/profile/edit", data=form | {"language": ""}).status_code == 303
    assert language_of(as_alice.get("/", headers=GERMAN)) == "en"
    assert as_alice.get_cookie("language") is None


def test_who_registers_in_russian_gets_letters_in_russian(anonymous: Visitor, session: Session) -> None:
    account = {"email": "vera@mailer.example", "password": "plum orbit candle seven"}
    answer = anonymous.post(
        "/auth/register", data=account | {"password_confirm": account["password"]}, headers=RUSSIAN
    )
    assert answer.status_code == 303
    assert session.scalars(select(User.language).where(User.email == account["email"])).one() == "ru"


def test_a_letter_is_in_the_language_of_its_reader(app: Flask, app_context: None, smtp_server: SmtpServer) -> None:
    for language in ("ru", ""):
        assert send_notice("account_probe", "alice@mailer.example", app.config, language, link="http://mailer.example")
    russian, english = smtp_server.ledger.letters
    assert russian.message["Subject"] == "Mailer проверяет, может ли он снова отправлять почту"
    assert english.message["Subject"] == "Mailer tries whether it can send mail again"


@pytest.fixture
def link(session: Session, alice: User) -> str:
    """The link of Anna's letter."""
    (recipient,) = recipients_of(started_mailing_of(alice, clients=clients_with(alice, "anna@example.org")))
    ensure_unsubscribe_key(session, database_now(session))
    return f"/u/{unsubscribe_links(session).token(alice.id, recipient.id, recipient.email)}"


def test_the_page_of_a_letter_is_in_the_language_of_its_reader(anonymous: Visitor, session: Session, link: str) -> None:
    page = anonymous.get(link, headers=RUSSIAN)
    assert (language_of(page), page.texts("form button")) == ("ru", ["Больше не получать писем"])
    assert language_of(anonymous.get(link)) == "en"
    assert language_of(anonymous.get("/u/forged", headers=RUSSIAN)) == "ru"


def test_the_page_of_a_letter_changes_its_language_without_a_cookie(
    anonymous: Visitor, session: Session, link: str
) -> None:
    to_russian = anonymous.get(link).one("footer a")
    page = anonymous.get(str(to_russian["href"]))
    assert (to_russian.get_text(), language_of(page)) == ("Русский", "ru")
    page = anonymous.post(str(page.one("form")["action"]))
    assert (page.status_code, language_of(page)) == (200, "ru")
    assert "Set-Cookie" not in page.headers and session.scalars(select(Suppression)).one()


@pytest.mark.parametrize(
    ("count", "words"), [(1, "1 клиент в базе"), (2, "2 клиента в базе"), (5, "5 клиентов в базе")]
)
def test_counts_agree_with_their_words(as_alice: Visitor, alice: User, count: int, words: str) -> None:
    for _client in range(count):
        client_of(alice)
    assert words in as_alice.get("/clients/", headers=RUSSIAN).words


def test_what_a_library_says_of_a_field_is_in_russian_too(as_alice: Visitor, alice: User) -> None:
    form = as_alice.get("/auth/profile/edit").fields()
    page = as_alice.post("/auth/profile/edit", data=form | {"country": "XX"}, headers=RUSSIAN)
    assert page.status_code == 422 and page.one("#country-error").get_text(strip=True) == "Неверный вариант."
