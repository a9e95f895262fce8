"""A letter to the admins, once, when nobody starts what is due."""

import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from rq.exceptions import StopRequested
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.delivery.presence import SCHEDULER_KEY, presence
from mailer.delivery.queues import STARTS
from mailer.delivery.standstill import SEEN, SETTING, TELL_AFTER, LookOut, tell_of_standstill
from mailer.delivery.worker import PoliteWorker
from mailer.domain.clock import database_now
from mailer.models.users import SharedSetting, User
from tests.delivery.conftest import write_anew
from tests.support.factories import mailing_of
from tests.support.processes import Processes
from tests.support.redis_server import RedisServer
from tests.support.smtp_server import SmtpServer
from tests.support.waiting import wait_until


@pytest.fixture(autouse=True)
def committed(session: Session, smtp_server: SmtpServer, adam: User) -> None:
    session.commit()


def look(app: Flask) -> int:
    with app.app_context():
        return tell_of_standstill()


def let_a_minute_pass(session: Session) -> None:
    """As far as what was seen is concerned."""
    write_anew(session)
    for setting in session.scalars(select(SharedSetting)):
        setting.updated_at -= TELL_AFTER
    session.commit()


def bring_to_life(redis_server: RedisServer, *, worker: bool = True, scheduler: bool = True) -> None:
    """What a worker and a scheduler say of themselves."""
    if worker:
        redis_server.client.sadd("rq:workers", "rq:worker:one")
        redis_server.client.hset("rq:worker:one", "birth", "now")
    if scheduler:
        redis_server.client.set(SCHEDULER_KEY, "1")


def test_admins_are_told_once_and_not_before_a_minute_has_passed(
    app: Flask, session: Session, smtp_server: SmtpServer, mary: User
) -> None:
    session.commit()
    assert look(app) == look(app) == 0
    let_a_minute_pass(session)
    assert look(app) == 1
    (letter,) = smtp_server.ledger.letters
    assert letter.recipients == ("adam@mailer.example",)
    assert "No worker lives" in letter.text and "No scheduler lives" in letter.text
    let_a_minute_pass(session)
    assert look(app) == 0


def test_when_all_is_well_nobody_writes_and_nobody_is_told(
    app: Flask, session: Session, redis_server: RedisServer
) -> None:
    bring_to_life(redis_server)
    assert look(app) == 0
    assert session.scalars(select(SharedSetting)).all() == []


@pytest.mark.parametrize("missing", ["worker", "scheduler"])
def test_either_of_them_is_missed(
    app: Flask, session: Session, redis_server: RedisServer, smtp_server: SmtpServer, missing: str
) -> None:
    bring_to_life(redis_server, **{name: name != missing for name in ("worker", "scheduler")})
    look(app)
    let_a_minute_pass(session)
    assert look(app) == 1
    (letter,) = smtp_server.ledger.letters
    assert f"No {missing} lives" in letter.text and letter.text.count("lives.") == 1


def test_a_killed_worker_whose_name_redis_still_lists_does_not_live(
    app: Flask, session: Session, redis_server: RedisServer
) -> None:
    bring_to_life(redis_server)
    redis_server.client.delete("rq:worker:one")
    look(app)
    let_a_minute_pass(session)
    assert look(app) == 1


def test_a_second_standstill_is_told_again(app: Flask, session: Session, redis_server: RedisServer) -> None:
    look(app)
    let_a_minute_pass(session)
    assert look(app) == 1
    bring_to_life(redis_server)
    assert look(app) == 0
    redis_server.client.flushall()
    look(app)
    let_a_minute_pass(session)
    assert look(app) == 1


def test_a_mailing_that_does_not_start_is_told_although_everybody_seems_to_live(
    app: Flask, session: Session, alice: User, redis_server: RedisServer, smtp_server: SmtpServer
) -> None:
    bring_to_life(redis_server)
    mailing = mailing_of(alice, starts_in=timedelta(minutes=-2))
    session.commit()
    look(app)
    let_a_minute_pass(session)
    assert look(app) == 1
    (letter,) = smtp_server.ledger.letters
    assert f"1 mailing is due since {mailing.start_time:%Y-%m-%d %H:%M}" in letter.text


def test_of_many_who_look_at_once_one_tells(app: Flask, session: Session, smtp_server: SmtpServer) -> None:
    look(app)
    let_a_minute_pass(session)
    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(look, [app] * 4)) == 1
    assert len(smtp_server.ledger.letters) == 1


def test_a_letter_that_did_not_leave_is_tried_again(
    app: Flask, session: Session, smtp_server: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    look(app)
    let_a_minute_pass(session)
    with monkeypatch.context() as away:
        away.setattr("mailer.delivery.standstill.send_notice", lambda *_arguments, **_context: False)
        assert look(app) == 0
    assert look(app) == 0
    let_a_minute_pass(session)
    assert look(app) == 1


def test_whoever_was_killed_while_telling_is_followed_by_another(app: Flask, session: Session) -> None:
    look(app)
    write_anew(session)
    setting = session.scalars(select(SharedSetting)).one()
    setting.value, setting.updated_at = "telling", database_now(session) - timedelta(minutes=11)
    session.commit()
    assert look(app) == 1


@pytest.mark.one_database("it is about Redis")
def test_a_worker_tells_when_it_says_that_it_lives(
    app_context: None,
    session: Session,
    redis_server: RedisServer,
    smtp_server: SmtpServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mailer.delivery.standstill.LOOK_SECONDS", 0)
    worker = PoliteWorker([STARTS], connection=redis_server.client)
    worker.register_birth()
    worker.heartbeat()
    let_a_minute_pass(session)
    worker.heartbeat()
    worker.heartbeat()
    (letter,) = smtp_server.ledger.letters
    assert "No scheduler lives" in letter.text and "No worker lives" not in letter.text


@pytest.mark.one_database("it is about signals")
def test_a_worker_that_is_asked_to_stop_while_it_looks_stops_when_it_has_looked(
    app_context: None, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = PoliteWorker([STARTS], connection=redis_server.client)
    worker.register_birth()
    looks = []

    def be_asked_to_stop() -> None:
        worker.request_stop(signal.SIGTERM, None)
        looks.append("whole")

    monkeypatch.setattr("mailer.delivery.standstill.LOOK_SECONDS", 0)
    monkeypatch.setattr("mailer.delivery.standstill.tell_of_standstill", be_asked_to_stop)
    monkeypatch.setattr(PoliteWorker, "is_stop_requested", False)
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)
    with pytest.raises(StopRequested):
        worker.heartbeat()
    assert looks == ["whole"]


def test_a_look_out_comes_by_no_more_often_than_others_look(
    app_context: None, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_out = LookOut()
    look_out.come_by()
    assert session.scalar(select(SharedSetting.value).where(SharedSetting.name == SETTING)) is None
    monkeypatch.setattr("mailer.delivery.standstill.LOOK_SECONDS", 0)
    session.rollback()
    look_out.come_by()
    assert session.scalar(select(SharedSetting.value).where(SharedSetting.name == SETTING)) == SEEN


def test_a_real_worker_and_a_real_scheduler_are_seen(
    app_context: None, processes: Processes, redis_server: RedisServer
) -> None:
    def who() -> tuple[int, bool]:
        found = presence()
        assert found is not None
        return found.workers, found.has_scheduler

    assert who() == (0, False)
    worker = processes.start_worker()
    processes.start_scheduler()
    wait_until(lambda: who() == (1, True), "the worker and the scheduler to be seen")
    assert 0 < redis_server.client.ttl(SCHEDULER_KEY) <= 60
    assert 0 < redis_server.client.ttl(redis_server.client.smembers("rq:workers").pop())
    worker.terminate()
    assert who() == (0, True)
