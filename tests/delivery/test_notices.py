"""The system's own letters on their way: through the queue, past holds-ups, and with nothing secret on the way."""

import pickle
import re
from datetime import timedelta

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from rq import Queue
from sqlalchemy.orm import Session

from mailer.delivery.bell import ring_notice
from mailer.delivery.notices import deliver_notice, send_notice
from mailer.delivery.reconcile import ring_due_notices
from mailer.domain.clock import database_now
from mailer.domain.notices import link_token, write_notice
from mailer.models.mailings import Mailing
from mailer.models.notices import Notice, NoticeKind
from mailer.models.users import User
from tests.support.redis_server import RedisServer
from tests.support.smtp_server import SmtpServer


@pytest.fixture
def reset(session: Session, alice: User) -> Notice:
    notice = write_notice(session, NoticeKind.RESET_PASSWORD, alice, database_now(session))
    session.commit()
    return notice


def jobs(redis_server: RedisServer) -> int:
    return len(Queue("starts", connection=redis_server.client))


@pytest.mark.parametrize("kind", NoticeKind)
def test_each_letter_arrives_once_and_no_machine_answers_it(
    app: Flask, app_context: None, session: Session, alice: User, smtp_server: SmtpServer, kind: NoticeKind
) -> None:
    notice = write_notice(session, kind, alice, database_now(session))
    session.commit()
    assert deliver_notice(app.config, notice.id)
    assert not deliver_notice(app.config, notice.id)
    (letter,) = smtp_server.ledger.letters
    assert letter.recipients == ("alice@mailer.example",)
    assert letter.message["Auto-Submitted"] == "auto-generated" and letter.message["Subject"]
    # It is about the reader's own account, so there is nothing to unsubscribe from.
    assert not [name for name in letter.message.keys() if name.startswith("List-")]
    session.refresh(notice)
    links = re.findall(rf"{app.config['BASE_URL']}/auth/\S+-\w+", letter.text)
    has_link = kind in (NoticeKind.RESET_PASSWORD, NoticeKind.CONFIRM_ADDRESS, NoticeKind.NEW_ADDRESS)
    token = link_token(notice, app.config["SECRET_KEY"])
    assert [link.endswith(f"/{token}") for link in links if token in link] == [True] * has_link


def test_a_letter_that_the_server_does_not_take_is_tried_again_later(
    app: Flask, app_context: None, session: Session, reset: Notice
) -> None:
    before, notice_id = database_now(session), reset.id
    session.rollback()
    assert not deliver_notice(app.config, notice_id)
    session.refresh(reset)
    assert reset.tries == 1 and reset.next_try_at is not None and reset.rung_at is None
    assert reset.next_try_at >= before + timedelta(minutes=1)


def test_the_queue_holds_a_number_and_neither_address_nor_link(
    app: Flask, app_context: None, reset: Notice, redis_server: RedisServer
) -> None:
    assert ring_notice(reset.id)
    (job,) = Queue("starts", connection=redis_server.client).jobs
    assert (job.args, job.kwargs, job.description) == ((reset.id,), {}, f"send notice {reset.id}")
    token = link_token(reset, app.config["SECRET_KEY"]).partition("-")[2].encode()
    kept = b"".join(pickle.dumps(redis_server.client.dump(key)) for key in redis_server.client.keys("*"))
    assert token not in kept and b"alice@" not in kept


def test_a_lost_ring_is_repeated_by_the_tick(
    app_context: None, session: Session, reset: Notice, redis_server: RedisServer
) -> None:
    ring_due_notices()
    assert jobs(redis_server) == 0
    reset.rung_at = database_now(session) - timedelta(seconds=61)
    session.commit()
    ring_due_notices()
    ring_due_notices()
    assert jobs(redis_server) == 1


# What a row might hold that is older than the rule against it.
ANYTHING = st.text(st.characters(codec="utf-8"), max_size=60)
INJECTION = "\r\nBcc: evil@example.org\r\n\r\nEvil words"


@settings(max_examples=40)
@given(text=ANYTHING | ANYTHING.map(lambda start: start + INJECTION) | st.just(INJECTION))
def test_no_text_becomes_a_header_of_its_own(
    app: Flask, app_context: None, smtp_server: SmtpServer, text: str
) -> None:
    mailing = Mailing(subject=text)
    before = len(smtp_server.ledger)
    assert send_notice("missed_window", "anna@example.org", app.config, mailing=mailing, link="https://mailer.example")
    (letter,) = smtp_server.ledger.letters[before:]
    assert letter.recipients == ("anna@example.org",)
    names = {name.lower() for name in letter.message.keys()}
    assert names <= {
        "content-type", "mime-version", "content-transfer-encoding", "subject", "from", "to", "date", "message-id",
        "auto-submitted",
    }
    assert str(letter.message["Subject"]).strip().startswith("Nobody was written to:")


@settings(max_examples=40)
@given(name=ANYTHING | ANYTHING.map(lambda start: start + INJECTION), email=st.just("a@пример.example"))
def test_no_name_or_address_of_a_user_becomes_a_header(
    app: Flask, app_context: None, smtp_server: SmtpServer, name: str, email: str
) -> None:
    before = len(smtp_server.ledger)
    context = {"user": User(full_name=name), "link": "https://mailer.example", "base_url": "https://mailer.example"}
    assert send_notice("confirm_address", email, app.config, email=email, **context)
    (letter,) = smtp_server.ledger.letters[before:]
    assert letter.recipients == ("a@xn--e1afmkfd.example",) and "bcc" not in map(str.lower, letter.message.keys())
