"""What is remembered of the first page: one's own change is never late, and nobody sees what is another's."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from mailer.delivery.summing import sum_waiting
from mailer.domain.figures import ClientFigures, client_figures_of
from mailer.domain.report_lines import domain_lines
from mailer.home import views
from mailer.models.clients import Client
from mailer.models.users import User
from mailer.reports import by_domain
from mailer.web import caching
from tests.support.application import AppMaker
from tests.support.factories import client_of, completed_mailing_of, mailing_of, started_mailing_of, suppress
from tests.support.redis_server import RedisServer
from tests.support.visitor import Page, Visitor, visitor
from tests.web.test_home import figures_on

pytestmark = pytest.mark.one_database("what is remembered is remembered in Redis")

AsUser = Callable[[User], Visitor]


@pytest.fixture(autouse=True)
def awake() -> Iterator[None]:
    caching.Rest.until = 0.0
    yield
    caching.Rest.until = 0.0


@pytest.fixture
def as_user(app: Flask, make_app: AppMaker, session: Session, redis_server: RedisServer) -> AsUser:
    redis_server.client.flushdb()
    remembering = make_app(CACHE_TYPE="RedisCache")
    return lambda user: visitor(remembering, session, user)


def clients_on(page: Page) -> str:
    return str(figures_on(page)["Unique clients"])


@pytest.fixture
def anna(alice: User) -> Client:
    """A client who is not the latest: nothing but a count tells that she is gone."""
    anna = client_of(alice, "anna@example.org")
    client_of(alice, "boris@example.org")
    return anna


def test_clients_are_not_counted_twice_at_once(as_user: AsUser, session: Session, alice: User, anna: Client) -> None:
    browser = as_user(alice)
    assert clients_on(browser.get("/")) == "2"
    # By no form of hers, so it is seen when the time is over.
    session.delete(anna)
    assert clients_on(browser.get("/")) == "2"


def test_whoever_comes_to_the_clients_or_unsubscribes_is_counted_at_once(
    as_user: AsUser, alice: User, anna: Client
) -> None:
    browser = as_user(alice)
    browser.get("/")
    client_of(alice, "vera@example.org")
    assert clients_on(browser.get("/")) == "3"
    suppress(alice, anna.email)
    assert "1 of them must not be written to" in browser.get("/").words


def test_ones_own_change_is_seen_at_once(as_user: AsUser, alice: User, anna: Client) -> None:
    browser = as_user(alice)
    assert clients_on(browser.get("/")) == "2"
    browser.post(f"/clients/{anna.id}/delete")
    assert clients_on(browser.get("/")) == "1"
    # In another browser of hers too.
    assert clients_on(as_user(alice).get("/")) == "1"


def test_a_mailing_that_runs_or_is_booked_is_never_more_than_two_seconds_behind(
    as_user: AsUser, redis_server: RedisServer, alice: User
) -> None:
    browser = as_user(alice)
    browser.get("/")
    assert 2 < longest(redis_server, "letters") <= 30
    redis_server.client.flushdb()
    mailing_of(alice)
    browser.get("/")
    assert 0 < longest(redis_server, "letters") <= 2


def longest(redis_server: RedisServer, name: str) -> int:
    """The most seconds for which anything of this name is remembered still."""
    return max(redis_server.client.ttl(key) for key in redis_server.client.scan_iter(f'mailer-cache:?"{name}"*'))


def test_nobody_sees_what_is_remembered_for_another(as_user: AsUser, alice: User, mary: User, adam: User) -> None:
    client_of(alice)
    assert clients_on(as_user(alice).get("/")) == "1"
    for user in (mary, adam):
        assert clients_on(as_user(user).get("/")) == "0"
        assert clients_on(as_user(user).get("/?scope=all")) == "1"
        assert clients_on(as_user(user).get("/")) == "0"


def test_a_change_while_it_is_counted_does_not_make_an_old_count_new(
    as_user: AsUser, alice: User, anna: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, other = as_user(alice), as_user(alice)

    def change_meanwhile(*arguments: Any) -> ClientFigures:
        monkeypatch.setattr(views, "client_figures_of", client_figures_of)
        counted = client_figures_of(*arguments)
        # A request within a request would share its transaction.
        threads.submit(other.post, f"/clients/{anna.id}/delete").result()
        return counted

    monkeypatch.setattr(views, "client_figures_of", change_meanwhile)
    with ThreadPoolExecutor() as threads:
        assert clients_on(browser.get("/")) == "2"
    assert clients_on(browser.get("/")) == "1"


def test_without_redis_everything_is_counted_and_nothing_waits(
    app: Flask, make_app: AppMaker, session: Session, alice: User
) -> None:
    client_of(alice)
    # Nobody listens there.
    browser = visitor(make_app(CACHE_TYPE="RedisCache", REDIS_URL="redis://127.0.0.1:1/0"), session, alice)
    assert clients_on(browser.get("/")) == "1"
    assert browser.post("/clients/new", data={"email": "anna@example.org"}).status_code == 303
    assert clients_on(browser.get("/")) == "2"
    # It has been asked once, and not with every page.
    assert caching.Rest.until > time.monotonic()


def test_what_was_changed_while_redis_was_away_is_seen_once_it_is_back(
    as_user: AsUser, alice: User, anna: Client
) -> None:
    browser = as_user(alice)
    assert clients_on(browser.get("/")) == "2"
    caching.Rest.until = time.monotonic() + 60
    browser.post(f"/clients/{anna.id}/delete")
    caching.Rest.until = 0.0
    assert clients_on(browser.get("/")) == "1"


def test_the_report_by_domain_is_summed_once_for_each_version_of_its_sums(
    as_user: AsUser, engine: Engine, session: Session, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    summed: list[int] = []
    monkeypatch.setattr(
        by_domain, "domain_lines", lambda *arguments: summed.append(1) or domain_lines(*arguments)
    )
    browser = as_user(alice)
    for letters, times in ((1, 1), (2, 2)):
        completed_mailing_of(alice)
        session.commit()
        # By a scheduler, which tells nobody here.
        sum_waiting(engine)
        for _visit in range(2):
            page = browser.get("/reports/domains")
            assert page.one("tfoot td:last-child").get_text() == str(letters)
        assert len(summed) == times


def test_while_rows_are_counted_the_report_by_domain_is_no_more_than_two_seconds_behind(
    as_user: AsUser, redis_server: RedisServer, alice: User
) -> None:
    started_mailing_of(alice)
    as_user(alice).get("/reports/domains")
    assert 0 < longest(redis_server, "domains") <= 2
