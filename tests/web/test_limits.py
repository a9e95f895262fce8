"""Guessing takes time: after ten wrong passwords the account waits, and says how long."""

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from mailer.auth import entering, own
from mailer.models.users import User
from tests.support.factories import PASSWORD
from tests.support.redis_server import RedisServer
from tests.support.visitor import Page, Visitor, visitor

pytestmark = pytest.mark.one_database("the tries are counted in Redis")


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch, alice: User) -> None:
    """Only the count is asked here, so the comparison need not take its time."""
    for module in (entering, own):
        monkeypatch.setattr(module, "is_password", lambda _hash, password: password == PASSWORD)


def sign_in(browser: Visitor, password: str, email: str = "alice@mailer.example", place: str = "192.0.2.1") -> Page:
    fields = {"email": email, "password": password}
    page: Page = browser.post("/auth/login", data=fields, environ_overrides={"REMOTE_ADDR": place})
    return page


def guess(app: Flask, session: Session, times: int, email: str = "alice@mailer.example") -> list[int]:
    return [sign_in(visitor(app, session), "wrong", email, f"192.0.2.{n}").status_code for n in range(1, times + 1)]


def test_after_ten_wrong_passwords_the_account_waits_and_the_time_is_said(app: Flask, session: Session) -> None:
    assert guess(app, session, 10) == [422] * 10
    answer = sign_in(visitor(app, session), PASSWORD, " ALICE@mailer.example")
    assert answer.status_code == 429
    assert "Wait 15 min, and try again at" in answer.words
    assert 0 < int(answer.headers["Retry-After"]) <= 900
    assert sign_in(visitor(app, session), PASSWORD, "bob@mailer.example").status_code == 422


def test_an_address_without_an_account_waits_as_well(app: Flask, session: Session) -> None:
    assert guess(app, session, 11, "nobody@example.org") == [422] * 10 + [429]


def test_right_passwords_are_not_counted(app: Flask, session: Session) -> None:
    assert guess(app, session, 9) == [422] * 9
    assert [sign_in(visitor(app, session), PASSWORD).status_code for _ in range(3)] == [303] * 3


def test_guessing_behind_the_login_counts_for_the_same_account(app: Flask, session: Session, alice: User) -> None:
    browser = visitor(app, session, alice)
    answers = [browser.post("/auth/profile/delete", data={"password": "wrong"}).status_code for _ in range(11)]
    assert answers == [422] * 10 + [429]
    assert sign_in(visitor(app, session), PASSWORD).status_code == 429


def test_letters_are_not_sent_without_end(anonymous: Visitor) -> None:
    fields = {"email": "nobody@example.org"}
    answers = [anonymous.post("/auth/reset-password", data=fields).status_code for _ in range(11)]
    assert answers == [303] * 10 + [429]


def test_redis_counts_and_knows_no_address(app: Flask, session: Session, redis_server: RedisServer) -> None:
    guess(app, session, 1)
    names = [name.decode() for name in redis_server.client.keys("LIMITS*")]
    assert len(names) == 2 and not [name for name in names if "alice" in name]


def test_without_redis_each_process_counts_for_itself(
    app: Flask, session: Session, redis_server: RedisServer
) -> None:
    redis_server.kill()
    assert guess(app, session, 11) == [422] * 10 + [429]
