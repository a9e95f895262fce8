"""What is done by a letter: a new password, and the confirmation of an address."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from rq import Queue
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.delivery.notices import deliver_notice
from mailer.domain.passwords import is_password
from mailer.models.audit import Action, AuditEntry
from mailer.models.notices import Notice, NoticeKind
from mailer.models.users import User
from mailer.web.access import own_page
from tests.support.factories import PASSWORD
from tests.support.redis_server import RedisServer
from tests.support.smtp_server import SmtpServer
from tests.support.visitor import Page, Visitor, visitor

NEW = "plum orbit candle seven"
CHOICE = {"password": NEW, "password_confirm": NEW}

Deliver = Callable[[], str]


@pytest.fixture
def deliver(app: Flask, session: Session, smtp_server: SmtpServer, redis_server: RedisServer) -> Deliver:
    """Does what a worker would with all that was asked for; the path of the link in the last letter, if it has one."""

    def work() -> str:
        session.commit()
        queue = Queue("starts", connection=redis_server.client)
        numbers = [job.args[0] for job in queue.jobs]
        queue.empty()
        with app.app_context():
            for number in numbers:
                deliver_notice(app.config, number)
        session.expire_all()
        letters = smtp_server.ledger.letters
        link = re.search(r"http\S+?(/auth/[\w-]+/[0-9]+-\w+)", letters[-1].text) if letters else None
        return link.group(1) if link else ""

    return work


def ask(browser: Visitor, email: str = "Alice@mailer.example") -> Page:
    page: Page = browser.post("/auth/reset-password", data={"email": email})
    return page


def actions(session: Session) -> list[Action]:
    session.expire_all()
    return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_a_password_is_reset_by_a_letter_and_ends_every_session(
    app: Flask, anonymous: Visitor, as_alice: Visitor, session: Session, alice: User, deliver: Deliver
) -> None:
    alice.confirmed_at = None
    assert ask(anonymous).location == "/auth/reset-asked"
    path = deliver()
    page = anonymous.get(path)
    assert page.status_code == 200 and "alice@mailer.example" in page.words
    assert as_alice.get("/").status_code == 200
    answer = anonymous.post(path, data=CHOICE)
    assert (answer.status_code, answer.location) == (303, "/")
    session.expire_all()
    assert is_password(alice.password_hash, NEW) and alice.confirmed_at is not None
    assert anonymous.get("/").status_code == 200
    assert as_alice.get("/").status_code == 303
    assert actions(session) == [Action.RESET_ASKED, Action.RESET]


def test_a_link_works_once(app: Flask, anonymous: Visitor, alice: User, deliver: Deliver) -> None:
    ask(anonymous)
    path = deliver()
    assert anonymous.post(path, data=CHOICE).status_code == 303
    for answer in (visitor(app).get(path), visitor(app).post(path, data=CHOICE)):
        assert (answer.status_code, answer.one("h1").get_text()) == (410, "This link does not work any more")


def test_a_weak_password_leaves_the_link_as_it_was(anonymous: Visitor, alice: User, deliver: Deliver) -> None:
    ask(anonymous)
    path = deliver()
    assert anonymous.post(path, data={"password": "password123", "password_confirm": "password123"}).status_code == 422
    assert anonymous.post(path, data=CHOICE).status_code == 303


def test_asking_is_answered_the_same_for_every_address(
    anonymous: Visitor, session: Session, alice: User, deliver: Deliver, smtp_server: SmtpServer
) -> None:
    known, unknown = ask(anonymous), ask(anonymous, "nobody@example.org")
    assert (known.status_code, known.location, known.text) == (unknown.status_code, unknown.location, unknown.text)
    kept = session.execute(select(Notice.user_id, Notice.kind)).all()
    assert kept == [(None, NoticeKind.RESET_PASSWORD)] * 2
    deliver()
    assert smtp_server.ledger.copies() == {"alice@mailer.example": 1}


def test_what_is_no_address_is_told_at_its_field(anonymous: Visitor) -> None:
    answer = ask(anonymous, "nobody")
    assert answer.status_code == 422 and answer.has("#email-error")


def test_without_redis_the_page_says_that_the_letter_waits(
    anonymous: Visitor, alice: User, redis_server: RedisServer
) -> None:
    redis_server.kill()
    assert ask(anonymous).status_code == 303
    assert "leaves when it is back" in anonymous.get("/auth/reset-asked").words


def test_registering_sends_a_letter_whose_button_confirms_the_address(
    anonymous: Visitor, session: Session, deliver: Deliver
) -> None:
    fields = CHOICE | {"email": "Nadia@Лавка.example"}
    assert anonymous.post("/auth/register", data=fields).status_code == 303
    path = deliver()
    assert "Confirm your address" in anonymous.get("/auth/profile").words
    assert "Nadia@лавка.example" in anonymous.get(path).words
    nadia = session.scalars(select(User)).one()
    assert nadia.confirmed_at is None
    assert anonymous.post(path).location == "/auth/profile"
    session.expire_all()
    assert nadia.confirmed_at is not None
    assert anonymous.get(path).status_code == 410
    assert "Send the letter again" not in anonymous.get("/auth/profile").words


def test_the_letter_can_be_had_again(
    as_alice: Visitor, session: Session, alice: User, deliver: Deliver, anonymous: Visitor
) -> None:
    alice.confirmed_at = None
    assert as_alice.post("/auth/confirm").location == "/auth/profile"
    assert anonymous.post(deliver()).status_code == 303
    session.expire_all()
    assert alice.confirmed_at is not None


def test_a_new_address_counts_from_its_link_on_and_the_old_one_is_told(
    as_alice: Visitor, session: Session, alice: User, deliver: Deliver, smtp_server: SmtpServer
) -> None:
    fields = as_alice.get("/auth/profile/edit").fields()
    changed = fields | {"email": "alice@new.example", "current_password": PASSWORD}
    assert as_alice.post("/auth/profile/edit", data=changed).status_code == 303
    assert "alice@new.example waits to be confirmed" in as_alice.get("/auth/profile").words
    path = deliver()
    assert alice.email == "alice@mailer.example"
    assert as_alice.post(path).status_code == 303
    deliver()
    assert alice.email == "alice@new.example"
    told = smtp_server.ledger.letters[-1]
    assert told.recipients == ("alice@mailer.example",) and "was changed" in told.message["Subject"]
    assert actions(session) == [Action.EMAIL]


@given(
    st.text()
    | st.from_regex(r"[/\\\t\n ]{0,3}(https?:)?[/\\]{0,3}[a-z@:.]{0,9}[/\\?#]{0,2}[a-z.]{0,5}", fullmatch=True)
)
def test_no_next_leads_to_another_site(target: str) -> None:
    chosen = own_page(target, "/home")
    # What a browser makes of it (WHATWG URL): tabs and line ends do not count, and a backslash is a slash.
    seen = re.sub(r"[\t\r\n]", "", chosen).strip().replace("\\", "/")
    assert seen.startswith("/") and not seen.startswith("//")
    assert chosen in (target, "/home")
