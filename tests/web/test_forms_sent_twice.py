"""A form that comes twice makes its thing once: a double click without JavaScript, a reload, a second try."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.domain.clock import database_now
from mailer.domain.sent_forms import REMEMBERED, made_by_form
from mailer.models.base import Base
from mailer.models.clients import Client
from mailer.models.mailings import Mailing
from mailer.models.messages import Message
from mailer.models.sent_forms import SentForm
from mailer.models.users import User
from tests.support.factories import client_of, message_of
from tests.support.visitor import Visitor, visitor

# For each list: what is made there, and what somebody fills in.
FORMS: dict[str, tuple[type[Base], dict[str, str]]] = {
    "clients": (Client, {"email": "twice@example.org", "full_name": "Irina"}),
    "messages": (Message, {"subject": "Spring", "body": "Hello"}),
    "mailings": (Mailing, {"message_id": "1", "audience": "all"}),
}
lists = pytest.mark.parametrize("what", FORMS)


@pytest.fixture(autouse=True)
def things(alice: User) -> None:
    """One client and one message, so that a mailing can be made."""
    client_of(alice)
    message_of(alice)


def filled(browser: Visitor, what: str, **changes: str) -> dict[str, str]:
    """The form as it was opened, filled in."""
    return browser.get(f"/{what}/new").fields() | FORMS[what][1] | changes


def count(session: Session, what: str) -> int:
    session.commit()
    return session.scalar(select(func.count()).select_from(FORMS[what][0])) or 0


@lists
@pytest.mark.parametrize("htmx", [False, True])
def test_a_form_sent_twice_saves_once_and_says_so_twice(
    as_alice: Visitor, session: Session, what: str, htmx: bool
) -> None:
    before, form = count(session, what), filled(as_alice, what)
    answers = [as_alice.post(f"/{what}/new", data=form, htmx=htmx) for _click in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200] if htmx else [303, 303]
    assert answers[0].location == answers[1].location
    assert count(session, what) == before + 1


@lists
def test_two_that_come_at_the_same_moment_save_once(app: Flask, session: Session, alice: User, what: str) -> None:
    before, form = count(session, what), filled(visitor(app, session, alice), what)
    session.commit()
    # Browsers of their own, which do not commit the test's session from their threads.
    browsers = [visitor(app, None, alice) for _click in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda browser: browser.post(f"/{what}/new", data=form), browsers))
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.location for answer in answers}) == 1
    assert count(session, what) == before + 1


@lists
def test_two_tabs_are_two_forms(as_alice: Visitor, session: Session, what: str) -> None:
    before, changes = count(session, what), {"email": "other@example.org"}
    for form in (filled(as_alice, what), filled(as_alice, what, **changes if what == "clients" else {})):
        assert as_alice.post(f"/{what}/new", data=form).status_code == 303
    assert count(session, what) == before + 2


def test_other_words_in_the_form_that_was_gone_back_to_make_another(as_alice: Visitor, session: Session) -> None:
    form = filled(as_alice, "messages")
    for subject in ("Spring", "Summer", "Spring"):
        as_alice.post("/messages/new", data=form | {"subject": subject})
    assert count(session, "messages") == 3


def test_a_form_that_was_refused_can_be_sent_again(as_alice: Visitor, session: Session, alice: User) -> None:
    client_of(alice, "taken@example.org")
    refused = as_alice.post("/clients/new", data=filled(as_alice, "clients", email="taken@example.org"))
    assert refused.status_code == 422
    session.delete(session.scalars(select(Client).where(Client.email == "taken@example.org")).one())
    assert as_alice.post("/clients/new", data=refused.fields()).status_code == 303
    assert count(session, "clients") == 2


def test_what_is_gone_meanwhile_is_made_anew(as_alice: Visitor, session: Session) -> None:
    form = filled(as_alice, "messages")
    first = as_alice.post("/messages/new", data=form).location
    as_alice.post(f"{first}/delete")
    assert as_alice.get(as_alice.post("/messages/new", data=form).location).status_code == 200
    assert count(session, "messages") == 2


def test_a_form_without_a_name_is_made_each_time(as_alice: Visitor, session: Session) -> None:
    for _time in range(2):
        as_alice.post("/messages/new", data=FORMS["messages"][1])
    assert count(session, "messages") == 3


def test_a_name_is_nobody_elses(as_alice: Visitor, as_bob: Visitor, session: Session) -> None:
    form = filled(as_alice, "messages")
    assert {browser.post("/messages/new", data=form).status_code for browser in (as_alice, as_bob)} == {303}
    assert count(session, "messages") == 3


def test_forms_are_forgotten_after_some_days(session: Session, alice: User) -> None:
    now = database_now(session)
    made_by_form(session, alice.id, "an old one", now - REMEMBERED - timedelta(seconds=1))
    made_by_form(session, alice.id, "a new one", now)
    assert session.scalars(select(SentForm.digest)).all() == ["a new one"]
