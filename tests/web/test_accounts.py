"""Registering, signing in and signing out."""

from collections.abc import Callable
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from mailer.auth import entering
from mailer.domain.passwords import is_outdated, is_password
from mailer.models.users import Role, User
from tests.support.application import AppMaker
from tests.support.factories import PASSWORD
from tests.support.visitor import Page, Visitor, visitor

GOOD = "plum orbit candle seven"
NEWCOMER = {"email": "Nadia@Лавка.example", "password": GOOD, "password_confirm": GOOD}


def user_with(session: Session, email: str) -> User | None:
    session.expire_all()
    return session.scalar(select(User).where(User.email == email))


def test_registering_signs_in_and_leads_home(anonymous: Visitor, session: Session) -> None:
    answer = anonymous.post("/auth/register", data=NEWCOMER)
    assert (answer.status_code, answer.location) == (303, "/")
    assert user_with(session, "Nadia@лавка.example") is not None
    assert anonymous.get("/clients/").status_code == 200


def test_the_first_account_is_admin_and_the_second_is_not(app: Flask, session: Session) -> None:
    for email in ("first@example.org", "second@example.org"):
        visitor(app, session).post("/auth/register", data=NEWCOMER | {"email": email})
    roles = dict(session.execute(select(User.email, User.role)).all())
    assert roles == {"first@example.org": Role.ADMIN, "second@example.org": Role.USER}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", ""),
        ("email", "nobody"),
        ("email", "two@example.org, three@example.org"),
        ("email", "nul\0@example.org"),
        ("password", "too short"),
        ("password", "x" * 1001),
        ("password", "password123"),
        ("password_confirm", "something else"),
    ],
)
def test_a_bad_field_is_named_and_nobody_is_registered(
    anonymous: Visitor, session: Session, field: str, value: str
) -> None:
    answer = anonymous.post("/auth/register", data=NEWCOMER | {field: value})
    assert answer.status_code == 422
    assert any(error["id"].startswith(field) for error in answer.all(".field-error"))
    assert session.scalar(select(User)) is None


def test_the_same_address_in_another_spelling_is_taken(anonymous: Visitor, alice: User) -> None:
    answer = anonymous.post("/auth/register", data=NEWCOMER | {"email": " ALICE@mailer.example "})
    assert answer.status_code == 422
    assert "has an account already" in answer.one("#email-error").get_text()


def test_a_password_is_never_sent_back(anonymous: Visitor) -> None:
    answer = anonymous.post("/auth/register", data=NEWCOMER | {"password_confirm": "something else"})
    assert GOOD not in answer.text


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("password123", "is tried first"),
        ("qwertyuiop", "is tried first"),
        ("fghjkl;'lkj", "side by side"),
        ("nadialavka", "your own address"),
        ("blahblahblah", "Saying the same twice"),
        ("abcdefghijkl", "follow one another"),
        ("12.11.1987.", "Dates and years"),
    ],
)
def test_a_password_that_is_guessed_soon_is_told_why_and_what_would_be_better(
    anonymous: Visitor, password: str, words: str
) -> None:
    fields = {"email": "nadia@lavka.example", "password": password, "password_confirm": password}
    answer = anonymous.post("/auth/register", data=fields)
    assert answer.status_code == 422
    error = answer.one("#password-error").get_text()
    assert words in error and "four words" in error
    assert password not in answer.text


def test_registration_says_what_comes_next(app: Flask, session: Session) -> None:
    first, second = visitor(app), visitor(app)
    words = first.get("/auth/register").words
    assert "a letter with a link comes to the address" in words and "the first account here" in words
    home = first.get(first.post("/auth/register", data=NEWCOMER).location).texts(".toast")
    assert "A letter is on its way to Nadia@лавка.example." in home[0] and "you are the administrator" in home[1]
    assert "the first account here" not in second.get("/auth/register").words
    answer = second.post("/auth/register", data=NEWCOMER | {"email": "second@example.org"})
    assert "you are the administrator" not in second.get(answer.location).words


def test_a_role_in_the_form_is_not_heard(anonymous: Visitor, session: Session, alice: User) -> None:
    anonymous.post("/auth/register", data=NEWCOMER | {"email": "nadia@example.org", "role": "admin"})
    nadia = user_with(session, "nadia@example.org")
    assert nadia is not None and nadia.role is Role.USER


def test_where_registration_is_closed_only_the_first_may_register(make_app: AppMaker) -> None:
    app = make_app(REGISTRATION="closed")
    assert visitor(app).get("/auth/register").status_code == 200
    assert visitor(app).post("/auth/register", data=NEWCOMER).status_code == 303
    assert visitor(app).get("/auth/register").status_code == 403
    answer = visitor(app).post("/auth/register", data=NEWCOMER | {"email": "second@example.org"})
    assert (answer.status_code, answer.one("h1").get_text()) == (403, "Registration is closed")


def sign_in(browser: Visitor, next_page: str | None = None, **fields: str) -> Page:
    query = {"next": next_page} if next_page else {}
    data = {"email": "alice@mailer.example", "password": PASSWORD} | fields
    answer: Page = browser.post("/auth/login", query_string=query, data=data)
    return answer


def test_signing_in_leads_home(anonymous: Visitor, alice: User) -> None:
    answer = sign_in(anonymous)
    assert (answer.status_code, answer.location) == (303, "/")
    assert anonymous.get("/clients/").status_code == 200


def test_remember_keeps_a_cookie_that_scripts_cannot_read(anonymous: Visitor, alice: User) -> None:
    cookies = sign_in(anonymous, remember="y").headers.getlist("Set-Cookie")
    kept = [cookie for cookie in cookies if cookie.startswith("remember_token=")]
    assert kept and all("HttpOnly" in cookie and "SameSite=Lax" in cookie for cookie in kept)


def test_without_remember_no_cookie_outlives_the_browser(anonymous: Visitor, alice: User) -> None:
    assert not any("Expires" in cookie for cookie in sign_in(anonymous).headers.getlist("Set-Cookie"))


@pytest.mark.parametrize("email", ["alice@mailer.example", "nobody@example.org", "not an address", "", "x" * 5000])
def test_wrong_password_unknown_address_and_nonsense_are_told_the_same(
    anonymous: Visitor, alice: User, email: str
) -> None:
    answer = sign_in(anonymous, email=email, password="wrong password")
    assert answer.status_code == 422
    assert answer.texts(".field-error") == ["Email and password do not match. Check them, or choose a new password."]


def test_a_blocked_account_is_told_so_once_its_password_is_right(
    anonymous: Visitor, alice: User, session: Session
) -> None:
    alice.blocked_at = alice.created_at
    answer = sign_in(anonymous)
    assert answer.status_code == 403
    assert "is blocked" in answer.words
    assert anonymous.get("/clients/").status_code == 303


def test_after_signing_in_the_wanted_page_is_shown(anonymous: Visitor, alice: User) -> None:
    asked = anonymous.get("/clients/?q=a+b&sort=-name")
    assert asked.status_code == 303
    answer = anonymous.post(asked.location, data={"email": "alice@mailer.example", "password": PASSWORD})
    assert answer.location == "/clients/?q=a+b&sort=-name"


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example/", "/\\evil.example", "\\\\evil.example", "evil", "/\t/evil.example"],
)
def test_signing_in_never_leads_to_another_site(anonymous: Visitor, alice: User, target: str) -> None:
    assert sign_in(anonymous, next_page=target).location == "/"


@pytest.mark.parametrize("page", ["/auth/login", "/auth/register"])
def test_who_is_signed_in_is_sent_home_from_the_door(as_alice: Visitor, page: str) -> None:
    answer = as_alice.get(page)
    assert (answer.status_code, answer.location) == (303, "/")


def test_signing_out_ends_the_session(as_alice: Visitor) -> None:
    answer = as_alice.post("/auth/logout")
    assert (answer.status_code, answer.location) == (303, "/auth/login")
    assert as_alice.get("/clients/").status_code == 303


def test_signing_out_takes_a_button(as_alice: Visitor) -> None:
    assert as_alice.get("/auth/logout").status_code == 405
    assert as_alice.get("/clients/").has("form[action='/auth/logout'] button[type=submit]")


def test_an_expired_session_sends_htmx_to_the_login_and_puts_no_page_into_a_row(anonymous: Visitor) -> None:
    answer = anonymous.get("/clients/", htmx=True)
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"].startswith("/auth/login")
    assert answer.text == ""


@pytest.fixture
def is_writing(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For each password that is hashed or compared: whether a transaction was open meanwhile."""
    found: list[bool] = []

    def noting(function: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*arguments: Any) -> Any:
            found.append(engine.pool.checkedout() > 0)  # type: ignore[attr-defined]
            return function(*arguments)

        return noted

    for name in ("hash_password", "is_password"):
        monkeypatch.setattr(entering, name, noting(getattr(entering, name)))
    return found


def test_nobody_waits_for_the_database_while_a_password_is_hashed(
    anonymous: Visitor, session: Session, is_writing: list[bool]
) -> None:
    assert anonymous.post("/auth/register", data=NEWCOMER).status_code == 303
    anonymous.post("/auth/logout")
    fields = {"email": NEWCOMER["email"], "password": GOOD}
    assert anonymous.post("/auth/login", data=fields).status_code == 303
    assert is_writing == [False, False]


def test_a_hash_of_yesterdays_strength_is_renewed_at_the_next_login(
    anonymous: Visitor, session: Session, alice: User
) -> None:
    alice.password_hash = PasswordHasher(time_cost=1, memory_cost=1024).hash(PASSWORD)
    assert sign_in(anonymous).status_code == 303
    assert not is_outdated(alice.password_hash) and is_password(alice.password_hash, PASSWORD)
    assert anonymous.get("/clients/").status_code == 200
