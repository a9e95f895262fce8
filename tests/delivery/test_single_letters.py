"""The system's own letters and test letters: they keep to holds and limits, and tell what they learn of the account."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from mailer.delivery.compose import Composer
from mailer.delivery.notices import send_notice, send_probe, tell_that_account_works
from mailer.delivery.reconcile import tell_of_ended_holds
from mailer.delivery.single_letters import Sending, SingleLetter, send_test
from mailer.domain.clock import database_now
from mailer.domain.holds import hold_account, holds_on_account
from mailer.domain.limits import DAY
from mailer.domain.probation import allow_probe
from mailer.domain.unsubscribe_links import UnsubscribeLinks
from mailer.models.lanes import Hold, HoldKind
from mailer.models.users import User
from tests.delivery.conftest import write_anew
from tests.support.factories import started_mailing_of
from tests.support.redis_server import RedisServer
from tests.support.smtp_faults import LOGIN_REFUSED, SpamBlock
from tests.support.smtp_server import SmtpServer

pytestmark = pytest.mark.usefixtures("app_context")


def send(app: Flask, engine: Engine, email: str = "alice@mailer.example", **settings: object) -> SingleLetter:
    sender = app.config["MAIL_DEFAULT_SENDER"]
    composer = Composer(
        subject="Привет",
        body="Hello",
        sender=sender,
        reply_to=("", email),
        mailing_id=0,
        owner_id=0,
        base_url="https://mailer.example",
        links=UnsubscribeLinks(bytes(32)),
    )
    return send_test(engine, {**app.config, **settings}, composer, "Alice", email)


def hold(session: Session, kind: HoldKind = HoldKind.BLOCKED, until: timedelta | None = None) -> None:
    write_anew(session)
    now = database_now(session)
    ends_at = None if until is None else now + until
    hold_account(session, kind, now, reason="5.7.1 blocked", code=554, until=ends_at)
    session.commit()


def kinds(session: Session) -> list[HoldKind]:
    session.rollback()
    return [hold.kind for hold in session.scalars(select(Hold).where(Hold.lifted_at.is_(None)))]


def test_a_test_letter_is_the_letter_of_a_mailing_and_its_answer_is_told(
    app: Flask, engine: Engine, smtp_server: SmtpServer
) -> None:
    tried = send(app, engine)
    assert (tried.sending, tried.code) == (Sending.SENT, 250)
    [letter] = smtp_server.ledger.letters
    assert letter.recipients == ("alice@mailer.example",)
    assert letter.message["Subject"] == "Привет" and letter.text.startswith("Hello")


def test_a_refusal_is_told_and_holds_nothing_that_is_not_the_accounts_fault(
    app: Flask, engine: Engine, session: Session, smtp_server: SmtpServer
) -> None:
    tried = send(app, engine, "user-unknown@example.org")
    assert (tried.sending, tried.code, tried.words) == (Sending.REFUSED, 550, "5.1.1 User unknown")
    assert kinds(session) == []


@pytest.mark.parametrize("is_notice", [True, False])
def test_while_the_account_is_held_no_letter_leaves_and_no_connection_is_made(
    app: Flask, engine: Engine, session: Session, smtp_server: SmtpServer, is_notice: bool
) -> None:
    hold(session)
    if is_notice:
        assert send_notice("account_probe", "alice@mailer.example", app.config, link="") is False
    else:
        assert send(app, engine).sending is Sending.HELD
    assert smtp_server.ledger.connections == 0


def test_what_the_server_holds_against_the_account_stops_it_for_everybody(
    app: Flask, engine: Engine, session: Session, smtp_server: SmtpServer
) -> None:
    smtp_server.manners.login_reply = LOGIN_REFUSED
    tried = send(app, engine, MAIL_USERNAME="shop", MAIL_PASSWORD="wrong")
    assert (tried.sending, tried.code) == (Sending.REFUSED, 535)
    assert kinds(session) == [HoldKind.LOGIN_REFUSED]
    smtp_server.manners.login_reply = None
    smtp_server.manners.spam_block = SpamBlock(0)
    write_anew(session)
    allow_probe(session, database_now(session))
    session.commit()
    assert send(app, engine, MAIL_USERNAME="shop", MAIL_PASSWORD="right").code == 554
    assert sorted(kinds(session)) == [HoldKind.BLOCKED, HoldKind.LOGIN_REFUSED]


def test_single_letters_count_towards_the_limits(
    app: Flask, engine: Engine, session: Session, smtp_server: SmtpServer
) -> None:
    limits = ((2, DAY),)
    assert [send(app, engine, MAIL_LIMITS=limits).sending for _ in range(3)] == [
        Sending.SENT, Sending.SENT, Sending.LIMITED,
    ]
    config = {**app.config, "MAIL_LIMITS": limits}
    assert send_notice("account_probe", "alice@mailer.example", config, link="") is False
    assert len(smtp_server.ledger) == 2


def test_the_admins_letter_is_the_probe_and_a_success_ends_the_hold(
    app: Flask, session: Session, smtp_server: SmtpServer, adam: User
) -> None:
    adam_id = adam.id
    session.commit()
    hold(session)
    write_anew(session)
    allow_probe(session, database_now(session))
    session.commit()
    assert send_probe(app.config, adam_id) is True
    assert kinds(session) == []
    [letter] = smtp_server.ledger.letters
    assert letter.recipients == ("adam@mailer.example",)


def test_when_the_account_works_again_owners_and_admins_are_told_once(
    app: Flask, engine: Engine, session: Session, smtp_server: SmtpServer, redis_server: RedisServer,
    adam: User, alice: User, bob: User,
) -> None:
    started_mailing_of(alice)
    session.commit()
    hold(session, until=timedelta())
    tell_of_ended_holds()
    assert redis_server.client.llen("rq:queue:starts") == 0
    assert send(app, engine).sending is Sending.SENT
    for _ in range(2):
        tell_of_ended_holds()
    assert redis_server.client.llen("rq:queue:starts") == 1
    session.rollback()
    assert tell_that_account_works(app.config, session.scalars(select(Hold.id)).one()) == 2
    told = smtp_server.ledger.letters[1:]
    assert [letter.recipients for letter in told] == [("adam@mailer.example",), ("alice@mailer.example",)]
    assert told[0].message["Subject"] == "The mail account works again"
    assert "554 5.7.1 blocked" in told[0].text
    assert holds_on_account(session, database_now(session)) == []
