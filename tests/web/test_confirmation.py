"""With REQUIRE_CONFIRMED_EMAIL the owner is told plainly what stands between them and a start."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from mailer.cli_sending import send_mailings
from mailer.delivery.reconcile import ring_due_starts
from mailer.delivery.starting import start_now
from mailer.domain.progress import Start
from mailer.models.mailings import MailingStatus
from mailer.models.users import User
from tests.support.application import AppMaker
from tests.support.factories import completed_mailing_of, mailing_of
from tests.support.redis_server import RedisServer
from tests.support.visitor import Visitor, visitor


@pytest.fixture
def strict_app(make_app: AppMaker, alice: User) -> Flask:
    alice.confirmed_at = None
    return make_app(REQUIRE_CONFIRMED_EMAIL="1")


@pytest.fixture
def as_newcomer(strict_app: Flask, session: Session, alice: User) -> Visitor:
    return visitor(strict_app, session, alice)


def test_the_owner_reads_it_wherever_it_matters(as_newcomer: Visitor, alice: User) -> None:
    mailing = mailing_of(alice)
    for path in ("/", f"/mailings/{mailing.id}", "/auth/profile"):
        assert "no mailing of yours can start" in as_newcomer.get(path).words, path


def test_neither_button_nor_command_nor_schedule_starts_it(
    strict_app: Flask, as_newcomer: Visitor, session: Session, alice: User, redis_server: RedisServer
) -> None:
    mailing = mailing_of(alice, starts_in=timedelta())
    number = mailing.id
    assert "not confirmed yet" in as_newcomer.post(f"/mailings/{number}/start", follow_redirects=True).words
    command = strict_app.test_cli_runner().invoke(send_mailings, ["--mailing", str(number), "--here"])
    assert (command.exit_code, "has not confirmed" in command.output) == (1, True)
    assert "Nothing is due" in strict_app.test_cli_runner().invoke(send_mailings, ["--dry-run"]).output
    with strict_app.app_context():
        ring_due_starts()
        assert start_now(number) is Start.NOT_MINE
    assert redis_server.client.llen("rq:queue:starts") == 0
    session.expire_all()
    assert mailing.status is MailingStatus.CREATED


def test_nothing_is_sent_again_either(as_newcomer: Visitor, session: Session, alice: User) -> None:
    mailing = completed_mailing_of(alice, failed=1)
    answer = as_newcomer.post(f"/mailings/{mailing.id}/resend", data={}, follow_redirects=True)
    assert "not confirmed yet" in answer.words
    session.expire_all()
    assert mailing.status is MailingStatus.COMPLETED


def test_once_confirmed_the_next_tick_starts_it(
    strict_app: Flask, session: Session, alice: User, redis_server: RedisServer
) -> None:
    mailing = mailing_of(alice, starts_in=timedelta())
    alice.confirmed_at = alice.created_at
    session.commit()
    with strict_app.app_context():
        ring_due_starts()
    assert redis_server.client.llen("rq:queue:starts") == 1
    assert mailing.status is MailingStatus.CREATED


def test_where_it_is_not_asked_for_nobody_is_held_up(as_alice: Visitor, alice: User) -> None:
    mailing = mailing_of(alice)
    alice.confirmed_at = None
    assert "not confirmed yet" not in as_alice.get("/").words
    assert "It starts now." in as_alice.post(f"/mailings/{mailing.id}/start", follow_redirects=True).words
