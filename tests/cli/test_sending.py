"""`flask send-mailings` and `flask mailing-report`, as a cron line or a person calls them."""

import json
from datetime import timedelta

import pytest
from click.testing import Result
from flask import Flask
from redis import Redis
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.delivery.tallies import read_tallies
from mailer.domain.clock import database_now
from mailer.domain.holds import hold_mailing
from mailer.models.audit import Action, AuditEntry
from mailer.models.lanes import HoldKind
from mailer.models.mailings import Mailing, MailingStatus
from mailer.models.users import User
from tests.support.application import AppMaker
from tests.support.factories import clients_with, completed_mailing_of, mailing_of, started_mailing_of, states_of
from tests.support.redis_server import RedisServer
from tests.support.smtp_server import SmtpServer


def run(app: Flask, session: Session, *arguments: str) -> Result:
    session.commit()
    result = app.test_cli_runner().invoke(args=arguments)
    session.expire_all()
    return result


def due_mailing_of(owner: User, *emails: str) -> Mailing:
    return mailing_of(owner, clients=clients_with(owner, *emails), starts_in=timedelta(seconds=-1))


def test_delivery_here_needs_no_redis_and_no_worker(
    app: Flask, session: Session, alice: User, smtp_server: SmtpServer
) -> None:
    app.config["REDIS_URL"] = "redis://127.0.0.1:1/0"
    mailing = due_mailing_of(alice, "ok1@example.org", "ok2@example.org")
    result = run(app, session, "send-mailings", "--here")
    assert result.exit_code == 0, result.output
    assert f"{mailing.id}: 2 of 2 accepted" in result.output
    assert mailing.status is MailingStatus.COMPLETED
    assert smtp_server.ledger.copies() == {"ok1@example.org": 1, "ok2@example.org": 1}
    assert "Nothing" not in result.output


def test_a_second_run_sends_nothing_again(app: Flask, session: Session, alice: User, smtp_server: SmtpServer) -> None:
    mailing = due_mailing_of(alice, "ok1@example.org")
    run(app, session, "send-mailings", "--here")
    run(app, session, "send-mailings", "--here")
    assert run(app, session, "send-mailings", "--here", "--mailing", str(mailing.id)).exit_code == 0
    assert smtp_server.ledger.copies() == {"ok1@example.org": 1}


def test_recipients_who_failed_are_told_by_the_exit_status(
    app: Flask, session: Session, alice: User, smtp_server: SmtpServer
) -> None:
    mailing = due_mailing_of(alice, "ok1@example.org", "user-unknown1@example.org")
    result = run(app, session, "send-mailings", "--here")
    assert result.exit_code == 3
    assert f"{mailing.id}: 1 of 2 accepted, 1 failed" in result.output


def test_what_is_delivered_here_is_counted_for_monitoring(
    app: Flask, session: Session, alice: User, smtp_server: SmtpServer, redis_server: RedisServer
) -> None:
    due_mailing_of(alice, "ok1@example.org", "ok2@example.org")
    run(app, session, "send-mailings", "--here")
    assert read_tallies(redis_server.client)["letters|accepted"] == 2


def test_waiting_here_sees_the_retries_through(
    app: Flask, session: Session, alice: User, smtp_server: SmtpServer
) -> None:
    mailing = due_mailing_of(alice, "grey1@example.org")
    result = run(app, session, "send-mailings", "--here", "--wait")
    assert result.exit_code == 0, result.output
    assert states_of(mailing) == {"grey1@example.org": "accepted"}


def test_one_mailing_is_started_now_whatever_its_time(
    app: Flask, session: Session, alice: User, smtp_server: SmtpServer
) -> None:
    now = database_now(session)
    other = due_mailing_of(alice, "ok1@example.org")
    mailing = mailing_of(alice, clients=clients_with(alice, "ok2@example.org"), starts_in=timedelta(days=1))
    assert run(app, session, "send-mailings", "--here", "--mailing", str(mailing.id)).exit_code == 0
    assert now <= mailing.start_time <= database_now(session)
    assert smtp_server.ledger.copies() == {"ok2@example.org": 1}
    assert other.status is MailingStatus.CREATED
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.thing_id, entry.place) == (Action.START, mailing.id, "command line")


def test_a_dry_run_says_what_is_due_and_sends_nothing(
    app: Flask, session: Session, alice: User, smtp_server: SmtpServer
) -> None:
    mailing = due_mailing_of(alice, "ok1@example.org", "ok2@example.org")
    mailing_of(alice, starts_in=timedelta(days=1))
    result = run(app, session, "send-mailings", "--dry-run")
    assert result.output == f"{mailing.id}: 2 of 2 recipients would be written to.\n"
    assert mailing.status is MailingStatus.CREATED
    assert len(smtp_server.ledger) == 0


def test_a_held_mailing_is_not_due(app: Flask, session: Session, alice: User) -> None:
    mailing = started_mailing_of(alice)
    hold_mailing(session, mailing.id, HoldKind.PAUSED, database_now(session), placed_by_id=alice.id)
    assert run(app, session, "send-mailings", "--here").output == ""
    assert set(states_of(mailing).values()) == {"pending"}


def test_through_the_queue_a_worker_is_told(
    app: Flask, session: Session, alice: User, redis_server: RedisServer
) -> None:
    due_mailing_of(alice, "ok1@example.org")
    assert run(app, session, "send-mailings").exit_code == 0
    assert Redis.from_url(redis_server.url).llen("rq:queue:starts") == 1


def test_without_redis_the_queue_is_an_error_of_one_line(make_app: AppMaker, session: Session, alice: User) -> None:
    due_mailing_of(alice, "ok1@example.org")
    result = run(make_app(REDIS_URL="redis://127.0.0.1:1/0"), session, "send-mailings")
    assert result.exit_code == 1
    assert result.output.count("\n") == 1 and "Redis" in result.output


@pytest.mark.parametrize("trouble", ["unknown", "over", "held"])
def test_a_mailing_that_cannot_start_is_an_error_of_one_line(
    app: Flask, session: Session, alice: User, trouble: str
) -> None:
    mailing = due_mailing_of(alice, "ok1@example.org")
    mailing_id = mailing.id
    if trouble == "unknown":
        mailing_id += 1
    elif trouble == "over":
        mailing.start_time = database_now(session) - timedelta(days=2)
        mailing.end_time = database_now(session) - timedelta(days=1)
    else:
        hold_mailing(session, mailing.id, HoldKind.PAUSED, database_now(session), placed_by_id=alice.id)
    result = run(app, session, "send-mailings", "--here", "--mailing", str(mailing_id))
    assert result.exit_code == 1
    assert result.output.startswith("Error: ") and result.output.count("\n") == 1


def test_a_window_that_was_missed_expires_everybody_and_the_owner_is_told(
    app: Flask, session: Session, alice: User, smtp_server: SmtpServer
) -> None:
    mailing = due_mailing_of(alice, "ok1@example.org", "ok2@example.org")
    mailing.start_time = database_now(session) - timedelta(days=2)
    mailing.end_time = database_now(session) - timedelta(days=1)
    assert run(app, session, "send-mailings", "--here").exit_code == 3
    assert mailing.status is MailingStatus.COMPLETED
    assert set(states_of(mailing).values()) == {"expired"}
    (letter,) = smtp_server.ledger.letters
    assert letter.recipients == (alice.email,)
    assert letter.message["Auto-Submitted"] == "auto-generated"
    assert mailing.name in letter.message["Subject"]
    assert f"/mailings/{mailing.id}" in letter.text


def test_the_report_balances(app: Flask, session: Session, alice: User) -> None:
    mailing = completed_mailing_of(alice, accepted=3, failed=2, unknown=1)
    report = json.loads(run(app, session, "mailing-report", str(mailing.id), "--json").output)
    assert report == {
        "id": mailing.id,
        "status": "completed",
        "total": 6,
        "pending": 0,
        "sending": 0,
        "accepted": 3,
        "failed": 2,
        "unknown": 1,
        "suppressed": 0,
        "expired": 0,
    }


def test_the_report_of_a_booked_mailing_counts_its_audience(app: Flask, session: Session, alice: User) -> None:
    clients_with(alice, "a@example.org", "b@example.org")
    mailing = mailing_of(alice)
    report = json.loads(run(app, session, "mailing-report", str(mailing.id), "--json").output)
    assert (report["status"], report["total"], report["pending"]) == ("created", 2, 2)


def test_the_report_of_a_mailing_that_does_not_exist_is_an_error(app: Flask, session: Session) -> None:
    assert run(app, session, "mailing-report", "1", "--json").exit_code == 1
