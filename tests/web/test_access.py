"""Who may see and do what: every route, every method and every kind of visitor, as access_table.py has it."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask
from rq import Queue
from rq.job import Job
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.domain.clock import database_now
from mailer.domain.imports import keep_upload
from mailer.domain.moderation import block_user
from mailer.domain.suppressions import suppress
from mailer.domain.unsubscribe_links import ensure_unsubscribe_key, unsubscribe_links
from mailer.embedded.outbox_store import Envelope, add_letters, list_letters, open_outbox
from mailer.models.clients import Suppression, SuppressionReason
from mailer.models.users import User
from tests.support.application import AppMaker
from tests.support.factories import client_of, mailing_of, message_of, recipients_of, started_mailing_of, user_of
from tests.support.redis_server import RedisServer
from tests.support.visitor import Page, Visitor, visitor
from tests.support.waiting import wait_until
from tests.web.access_table import COLUMNS, FORMS, TABLE

# What a visitor may do is asked of no database but in one way.
pytestmark = pytest.mark.one_database("the doors are the same on both")

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


@dataclass(frozen=True)
class Line:
    """One line of the table: the expected answers by column."""

    method: str
    route: str
    answers: dict[str, str]


def lines() -> Iterator[Line]:
    for text in TABLE.replace("...\n", "").strip().splitlines()[1:]:
        if text.strip():
            method, route, *answers = text.split()
            yield Line(method, route, dict(zip(COLUMNS, answers, strict=True)))


@pytest.fixture
def whole_app(make_app: AppMaker) -> Flask:
    """The application with all that it can have: the outbox is there only where no mail server is set."""
    return make_app(MAIL_SERVER="", MAIL_DEFAULT_SENDER="")


def routes_of(app: Flask) -> list[tuple[str, str]]:
    rules = app.url_map.iter_rules()
    return sorted((method, rule.rule) for rule in rules for method in METHODS & (rule.methods or set()))


def test_every_route_has_its_line_and_every_line_its_route(whole_app: Flask) -> None:
    listed = [(line.method, line.route) for line in lines()]
    assert sorted(listed) == routes_of(whole_app)


class House:
    """Fresh things of one owner for each line, because an earlier one may have changed them."""

    def __init__(self, app: Flask, session: Session, job: Job) -> None:
        self.app, self.session, self.job = app, session, job
        self.owner = user_of(session, "owner@mailer.example")
        with open_outbox(app.config["DATA_DIR"]) as outbox:
            letter = b"Subject: News\r\nContent-Type: text/html\r\n\r\n<p>News</p>\r\n"
            add_letters(outbox, [Envelope("shop@mailer.example", ["anna@example.org"], letter)])
            self.letter_id = list_letters(outbox, before_id=None, limit=1, search="")[0].id

    def path(self, route: str) -> str:
        rule = next(rule for rule in self.app.url_map.iter_rules() if rule.rule == route)
        values = {name: self._value(name, route) for name in rule.arguments}
        with self.app.test_request_context():
            path: str = self.app.url_map.bind("localhost").build(rule.endpoint, values, method=None)
        return path

    def _value(self, name: str, route: str) -> str | int:
        match name:
            case "client_id":
                return client_of(self.owner).id
            case "message_id":
                return message_of(self.owner).id
            case "mailing_id":
                return mailing_of(self.owner).id
            case "recipient_id":
                return recipients_of(started_mailing_of(self.owner, clients=[client_of(self.owner)]))[0].id
            case "import_id":
                now = database_now(self.session)
                return keep_upload(self.session, self.owner.id, "clients.csv", b"anna@example.org", now).id
            case "user_id":
                return self.owner.id
            case "letter_id":
                return self.letter_id
            case "suppression_id":
                email, now = client_of(self.owner).email, database_now(self.session)
                suppress(self.session, self.owner.id, email, SuppressionReason.BY_HAND, now)
                return self.session.scalars(select(func.max(Suppression.id))).one()
            case "token" if route.startswith("/u/"):
                (recipient,) = recipients_of(started_mailing_of(self.owner, clients=[client_of(self.owner)]))
                ensure_unsubscribe_key(self.session, database_now(self.session))
                return unsubscribe_links(self.session).token(self.owner.id, recipient.id, recipient.email)
            case "job_id":
                return str(self.job.id)
            case "token":
                return "12-no-link-of-ours"
            case "filename":
                return "css/main.css" if route.startswith("/rq/") else "theme.css"
        return {
            "instance_number": 0, "queue_name": "starts", "registry_name": "failed", "per_page": 8, "order": "asc",
            "page": 1,
        }[name]


@pytest.fixture
def job(redis_server: RedisServer) -> Job:
    return Queue("starts", connection=redis_server.client).enqueue(print, "words")


@pytest.fixture
def house(whole_app: Flask, session: Session, job: Job) -> House:
    return House(whole_app, session, job)


@pytest.fixture
def cookies(session: Session, house: House, charlie: User, mary: User, adam: User, bob: User) -> dict[str, str]:
    """What the cookie of each column's visitor holds; the blocked one was signed in when it happened."""
    of_users = {"blocked": bob, "stranger": charlie, "owner": house.owner, "manager": mary, "admin": adam}
    held = {column: user.get_id() for column, user in of_users.items()}
    block_user(session, bob.id, adam, "spam", database_now(session))
    return held


def comes(app: Flask, session: Session, session_id: str | None) -> Visitor:
    """A browser with this session, or with none."""
    browser = visitor(app, session)
    if session_id is not None:
        with browser.session_transaction() as cookie:
            cookie["_user_id"] = session_id
    return browser


# The owner comes last: until then nothing has changed.
ORDER = ("anonymous", "blocked", "stranger", "manager", "admin", "owner")


def test_every_visitor_gets_the_answer_of_the_table(
    whole_app: Flask, session: Session, house: House, cookies: dict[str, str]
) -> None:
    admin = comes(whole_app, session, cookies["admin"])
    wait_until(lambda: admin.get("/rq/").status_code == 200, "Redis to be known to answer")
    differences = []
    for line in lines():
        path = house.path(line.route)
        for column in ORDER:
            browser = comes(whole_app, session, cookies.get(column))
            answer = answer_of(browser.open(path, method=line.method, data=FORMS.get(line.route)))
            if answer != line.answers[column]:
                differences.append(f"{line.method} {line.route} {column}: {answer}, not {line.answers[column]}")
    assert not differences, "\n".join(differences)


def test_no_other_method_is_taken_anywhere(whole_app: Flask, session: Session, house: House, adam: User) -> None:
    taken: dict[str, set[str]] = {}
    for line in lines():
        taken.setdefault(line.route, set()).add(line.method)
    admin, stray = visitor(whole_app, session, adam), []
    for route, methods in taken.items():
        path = house.path(route)
        for method in sorted(METHODS - methods):
            status = admin.open(path, method=method).status_code
            stray += [] if status == 405 else [f"{method} {route}: {status}"]
    assert not stray


def test_a_piece_of_a_page_is_refused_as_its_page_is(
    whole_app: Flask, session: Session, house: House, cookies: dict[str, str]
) -> None:
    """The headers of htmx open no door: whoever is sent to the login or told 404 is so with them too."""
    differences = []
    for line in lines():
        path = house.path(line.route)
        for column in ("anonymous", "blocked", "stranger", "manager"):
            expected, is_signed_in = line.answers[column], column in ("stranger", "manager")
            if expected not in (("403", "404") if is_signed_in else ("login",)):
                continue
            browser = comes(whole_app, session, cookies.get(column))
            answer = browser.open(path, method=line.method, data=FORMS.get(line.route), htmx=True)
            wanted = 401 if expected == "login" else int(expected)
            if (answer.status_code, answer.get_data()) != (wanted, b""):
                differences.append(f"{line.method} {line.route} {column}: {answer.status_code}, not {wanted}")
    assert not differences, "\n".join(differences)


def answer_of(page: Page) -> str:
    """An answer as the table writes it."""
    if page.status_code == 303 and str(page.location).partition("?")[0] == "/auth/login":
        return "login"
    return "form" if page.status_code == 422 else str(page.status_code)
