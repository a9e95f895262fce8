"""Sending a message to oneself, from its page."""

import pytest
from sqlalchemy.orm import Session

from mailer.domain.clock import database_now
from mailer.domain.holds import hold_account
from mailer.models.lanes import HoldKind
from mailer.models.messages import Message
from mailer.models.users import User
from tests.support.application import AppMaker
from tests.support.factories import message_of
from tests.support.smtp_faults import SENDER_REFUSED
from tests.support.smtp_server import SmtpServer
from tests.support.visitor import Visitor, visitor


@pytest.fixture
def message(alice: User) -> Message:
    return message_of(alice, "The shop moves", "On Monday.")


def test_the_letter_comes_to_its_writer_with_the_servers_answer(
    as_alice: Visitor, smtp_server: SmtpServer, message: Message
) -> None:
    page = as_alice.get(f"/messages/{message.id}")
    assert page.has(f"form[method=post][action='/messages/{message.id}/test']")
    answer = as_alice.post(f"/messages/{message.id}/test")
    assert (answer.status_code, answer.location) == (303, f"/messages/{message.id}")
    assert "Sent to alice@mailer.example. The server said: 250 2.0.0 Ok" in as_alice.get(answer.location).words
    [letter] = smtp_server.ledger.letters
    assert letter.recipients == ("alice@mailer.example",)
    assert letter.message["Subject"] == "The shop moves"


def test_a_refusal_stands_on_the_page_with_what_it_means(
    as_alice: Visitor, smtp_server: SmtpServer, message: Message
) -> None:
    smtp_server.manners.sender_reply = SENDER_REFUSED
    page = as_alice.post(f"/messages/{message.id}/test")
    assert page.status_code == 422
    assert page.one("#tried .reply").get_text() == SENDER_REFUSED
    assert "Mailer does not know this reply" in page.words
    assert page.fields("main form")["form_name"], "the button on this page would not be told from the one before it"


def test_while_the_account_is_held_nothing_is_tried(
    as_alice: Visitor, session: Session, smtp_server: SmtpServer, message: Message
) -> None:
    hold_account(session, HoldKind.BLOCKED, database_now(session), reason="no", code=554, until=None)
    page = as_alice.post(f"/messages/{message.id}/test")
    assert page.status_code == 422 and "The mail account is held, so nothing leaves." in page.words
    assert smtp_server.ledger.connections == 0


def test_without_room_in_the_limits_it_says_so(
    make_app: AppMaker, session: Session, smtp_server: SmtpServer, alice: User, message: Message
) -> None:
    as_alice = visitor(make_app(MAIL_LIMITS="1/day"), session, alice)
    assert as_alice.post(f"/messages/{message.id}/test").status_code == 303
    page = as_alice.post(f"/messages/{message.id}/test")
    assert page.status_code == 422 and "as many letters as its limits allow" in page.words
    assert len(smtp_server.ledger) == 1


def test_a_button_pressed_twice_sends_one_letter_and_a_new_page_another(
    as_alice: Visitor, smtp_server: SmtpServer, message: Message
) -> None:
    pressed = as_alice.get(f"/messages/{message.id}").fields("main form")
    for _press in range(2):
        answer = as_alice.post(f"/messages/{message.id}/test", data=pressed)
        assert (answer.status_code, answer.location) == (303, f"/messages/{message.id}")
    assert "it goes out once" in as_alice.get(answer.location).words
    assert len(smtp_server.ledger) == 1
    as_alice.post(f"/messages/{message.id}/test", data=as_alice.get(f"/messages/{message.id}").fields("main form"))
    assert len(smtp_server.ledger) == 2


def test_somebody_elses_message_is_not_found_and_a_get_sends_nothing(
    as_bob: Visitor, as_alice: Visitor, anonymous: Visitor, smtp_server: SmtpServer, message: Message
) -> None:
    assert as_bob.post(f"/messages/{message.id}/test").status_code == 404
    assert as_alice.get(f"/messages/{message.id}/test").status_code == 405
    assert anonymous.post(f"/messages/{message.id}/test").location.startswith("/auth/login")
    assert smtp_server.ledger.connections == 0
