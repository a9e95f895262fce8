import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from flask import Flask
from playwright.sync_api import Page
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

from mailer.models.users import User
from tests.support.factories import client_of
from tests.support.ports import free_port
from tests.support.statements import statements_of
from tests.support.visitor import visitor

CountQueries = Callable[[], AbstractContextManager[list[str]]]


@pytest.fixture
def count_queries(engine: Engine) -> CountQueries:
    """Collects the statements that the app sends within the block, beginnings of transactions apart."""

    return lambda: statements_of(engine)


@pytest.fixture
def installation(app_with_csrf: Flask) -> Iterator[str]:
    """The URL of the app, served from a thread of the test."""
    with served(app_with_csrf) as url:
        yield url


@contextmanager
def served(app: Flask) -> Iterator[str]:
    port = free_port()
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{port}"
    server.shutdown()
    thread.join()


@pytest.fixture
def page(
    browser_page: Page, installation: str, app: Flask, session: Session, alice: User
) -> Page:
    """A browser in which Alice has signed in."""
    client_of(alice, "anna@example.org", "Анна Белова", "Блокноты")
    client_of(alice, "oleg@example.org", "Oleg Tarasov")
    session.commit()
    cookie = visitor(app, session, alice).get_cookie("session")
    assert cookie is not None
    browser_page.context.add_cookies([{"name": "session", "value": cookie.value, "url": installation}])
    browser_page.set_default_timeout(10_000)
    browser_page.goto(f"{installation}/clients/")
    return browser_page
