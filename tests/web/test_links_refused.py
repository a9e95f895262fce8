"""A real mail server, and a BASE_URL that is not https: no mailing starts, by no way, and everybody says why."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from mailer.config import ConfigError, base_url
from mailer.delivery.starting import start_now
from mailer.domain.progress import Start
from mailer.models.mailings import Mailing, MailingStatus
from mailer.models.users import User
from tests.support.application import AppMaker
from tests.support.factories import completed_mailing_of, mailing_of
from tests.support.visitor import Visitor, visitor

WORDS = "ALLOW_HTTP_LINKS=1"


@pytest.fixture
def app(make_app: AppMaker) -> Flask:
    return make_app(ALLOW_HTTP_LINKS="0", BASE_URL="http://mailer.example:8080")


@pytest.fixture
def mailing(alice: User) -> Mailing:
    return mailing_of(alice, starts_in=timedelta(seconds=-1))


def test_the_button_starts_nothing_and_says_why(as_alice: Visitor, mailing: Mailing) -> None:
    for path in ("/", f"/mailings/{mailing.id}", f"/mailings/{mailing.id}/ask/start"):
        assert WORDS in as_alice.get(path).words, path
    answer = as_alice.post(f"/mailings/{mailing.id}/start", follow_redirects=True)
    assert WORDS in " ".join(answer.texts(".toast"))
    assert mailing.status is MailingStatus.CREATED


def test_sending_again_is_a_start_too(as_alice: Visitor, alice: User) -> None:
    completed = completed_mailing_of(alice, failed=1)
    answer = as_alice.post(f"/mailings/{completed.id}/resend", follow_redirects=True)
    assert WORDS in " ".join(answer.texts(".toast"))
    assert completed.status is MailingStatus.COMPLETED


def test_the_schedule_starts_nothing_until_the_window_is_over(
    app: Flask, session: Session, mailing: Mailing, caplog: pytest.LogCaptureFixture
) -> None:
    session.commit()
    with app.app_context():
        assert start_now(mailing.id) is Start.NOT_MINE
    assert WORDS in caplog.text
    session.expire_all()
    assert mailing.status is MailingStatus.CREATED


@pytest.mark.parametrize("arguments", [[], ["--here"]])
def test_the_command_ends_with_an_error(
    app: Flask, session: Session, mailing: Mailing, arguments: list[str]
) -> None:
    session.commit()
    result = app.test_cli_runner().invoke(args=["send-mailings", *arguments])
    assert result.exit_code == 1 and WORDS in result.output
    session.expire_all()
    assert mailing.status is MailingStatus.CREATED


@pytest.mark.parametrize(
    "settings",
    [
        {"ALLOW_HTTP_LINKS": "1"},
        {"BASE_URL": "https://mailer.example"},
        {"MAIL_SERVER": ""},
    ],
    ids=["allowed", "https", "outbox"],
)
def test_otherwise_it_starts(
    make_app: AppMaker, session: Session, alice: User, mailing: Mailing, settings: dict[str, str]
) -> None:
    app = make_app(**{"ALLOW_HTTP_LINKS": "0", "BASE_URL": "http://mailer.example", **settings})
    assert WORDS not in visitor(app, session, alice).get(f"/mailings/{mailing.id}").words
    with app.app_context():
        assert start_now(mailing.id) is Start.STARTED


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://Рассылка.рф/", "https://xn--80aa3adxha4f.xn--p1ai"),
        ("https://mailer.example/mail/", "https://mailer.example/mail"),
        ("HTTP://10.0.0.1:8080", "http://10.0.0.1:8080"),
        ("http://[::1]:5000", "http://[::1]:5000"),
        ("http://my_host:5000", "http://my_host:5000"),
    ],
)
def test_the_address_in_links_is_ascii(given: str, kept: str) -> None:
    assert base_url(given) == kept


NO_ADDRESSES = ["mailer.example", "ftp://x", "https://", "https://a b", "https://x/?q", "https://x>y"]


@pytest.mark.parametrize("given", NO_ADDRESSES)
def test_what_is_no_address_is_refused(given: str) -> None:
    with pytest.raises(ConfigError, match="BASE_URL"):
        base_url(given)
