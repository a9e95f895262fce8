"""The figures for Prometheus: with the token only, true for all processes, and cheap."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from mailer.delivery.bell import ring_start
from mailer.delivery.lease import lane_of
from mailer.delivery.reconcile import end_gone_lanes
from mailer.delivery.tallies import add_tallies
from mailer.domain.clock import database_now
from mailer.domain.holds import hold_account, hold_mailing
from mailer.home.health import short_engine
from mailer.models.lanes import HoldKind, Lane
from mailer.models.transactions import begin_writing
from mailer.models.users import User
from mailer.web.timing import request_times
from tests.support.application import AppMaker
from tests.support.factories import completed_mailing_of, mailing_of, started_mailing_of
from tests.support.redis_server import RedisServer

TOKEN = "a token that only tests know"


@pytest.fixture
def app(make_app: AppMaker, monkeypatch: pytest.MonkeyPatch) -> Flask:
    # What is passed on later than its test would be counted by another one.
    monkeypatch.setattr("mailer.web.timing.TELL_SECONDS", 3600)
    return make_app(METRICS_TOKEN=TOKEN)


Figures = dict[str, float]


def scrape(app: Flask, session: Session) -> Figures:
    """The samples, as `name{label="value"}`."""
    session.commit()
    answer = app.test_client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain")
    figures: Figures = {}
    for family in text_string_to_metric_families(answer.get_data(as_text=True)):
        for sample in family.samples:
            labels = ",".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()))
            figures[sample.name + (f"{{{labels}}}" if labels else "")] = sample.value
    return figures


def test_without_a_token_of_the_installation_there_is_nothing(make_app: AppMaker) -> None:
    client = make_app().test_client()
    for token in ("", "None", TOKEN):
        assert client.get("/metrics", headers={"Authorization": f"Bearer {token}"}).status_code == 404


@pytest.mark.parametrize("given", [None, "", TOKEN, "Bearer", "Bearer wrong", f"Basic {TOKEN}", "Bearer \xfc"])
def test_whoever_has_not_the_token_is_not_let_in(app: Flask, given: str | None) -> None:
    answer = app.test_client().get("/metrics", headers={} if given is None else {"Authorization": given})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert "mailer_" not in answer.get_data(as_text=True)


def test_mailings_holds_and_lanes_are_counted(app: Flask, session: Session, alice: User) -> None:
    now = database_now(session)
    completed_mailing_of(alice)
    mailing_of(alice, starts_in=timedelta(days=1))
    running, held = started_mailing_of(alice), started_mailing_of(alice)
    hold_mailing(session, held.id, HoldKind.PAUSED, now, placed_by_id=alice.id)
    hold_account(session, HoldKind.QUOTA, now, reason="", code=452, until=now + timedelta(hours=1))
    session.commit()
    with lane_of(session.get_bind(), running.id, 1, "mailer.example"):  # type: ignore[arg-type]
        figures = scrape(app, session)
    assert figures['mailer_mailings{status="started"}'] == 2
    assert figures['mailer_mailings{status="created"}'] == figures['mailer_mailings{status="completed"}'] == 1
    assert figures['mailer_holds{kind="paused",what="mailing"}'] == 1
    assert figures['mailer_holds{kind="quota",what="account"}'] == 1
    assert figures['mailer_lanes{state="alive"}'] == 1 and figures['mailer_lanes{state="silent"}'] == 0
    assert figures['mailer_up{part="database"}'] == figures['mailer_up{part="redis"}'] == 1


def test_a_mailing_that_does_not_start_is_seen(app: Flask, session: Session, alice: User) -> None:
    assert scrape(app, session)["mailer_overdue_starts"] == 0
    mailing_of(alice, starts_in=timedelta(minutes=-3))
    figures = scrape(app, session)
    assert figures["mailer_overdue_starts"] == 1
    assert 180 <= figures["mailer_oldest_overdue_start_seconds"] < 240


def test_queues_are_seen_with_who_works_at_them(app: Flask, session: Session) -> None:
    with app.app_context():
        ring_start(1)
        ring_start(2)
    figures = scrape(app, session)
    assert figures['mailer_queue_jobs{queue="starts"}'] == 2
    assert 0 <= figures['mailer_queue_oldest_seconds{queue="starts"}'] < 60
    assert figures["mailer_workers"] == figures["mailer_scheduler"] == 0


def test_letters_and_times_come_from_all_processes(app: Flask, session: Session, redis_server: RedisServer) -> None:
    add_tallies(redis_server.client, {"letters|accepted": 40, "letters|recipient": 2})
    add_tallies(redis_server.client, {"answers|0.05": 30, "answers|1.0": 9, "answers|+Inf": 1, "answers|sum": 400.5})
    figures = scrape(app, session)
    assert figures['mailer_letters_total{verdict="accepted"}'] == 40
    assert figures['mailer_letters_total{verdict="recipient"}'] == 2
    assert figures['mailer_letters_total{verdict="content"}'] == 0
    name = "mailer_smtp_answer_seconds"
    buckets = [figures[f'{name}_bucket{{le="{bound}"}}'] for bound in ("0.025", "0.05", "0.5", "1.0", "+Inf")]
    assert buckets == [0, 30, 30, 39, 40]
    assert figures[f"{name}_count"] == 40 and figures[f"{name}_sum"] == 400.5


def test_requests_are_timed_by_part(app: Flask, session: Session) -> None:
    app.test_client().get("/auth/login")
    app.test_client().get("/auth/nowhere")
    with app.app_context():
        request_times().tell()
    figures = scrape(app, session)
    assert figures['mailer_http_request_seconds_count{part="auth"}'] == 1
    assert figures['mailer_http_responses_total{status="2xx"}'] == 1
    assert figures['mailer_http_responses_total{status="4xx"}'] == 1


def test_a_swept_lane_is_counted(app: Flask, session: Session, alice: User) -> None:
    mailing = started_mailing_of(alice)
    session.commit()
    with lane_of(session.get_bind(), mailing.id, 1, "mailer.example"):  # type: ignore[arg-type]
        session.rollback()
        begin_writing(session)
        lane = session.scalars(select(Lane)).one()
        lane.pid, lane.pid_began = 2**22 + 1, "0"
        session.commit()
        with app.app_context():
            end_gone_lanes()
    assert scrape(app, session)["mailer_swept_lanes_total"] == 1


def test_without_redis_the_rest_is_told(app: Flask, session: Session, redis_server: RedisServer) -> None:
    redis_server.kill()
    figures = scrape(app, session)
    assert figures['mailer_up{part="redis"}'] == 0
    assert figures['mailer_mailings{status="created"}'] == 0
    assert "mailer_workers" not in figures


def test_without_the_database_the_rest_is_told(app: Flask, session: Session) -> None:
    app.config["SQLALCHEMY_DATABASE_URI"] = "postgresql+psycopg://user:secret@127.0.0.1:9/mailer"
    figures = scrape(app, session)
    assert figures['mailer_up{part="database"}'] == 0
    assert figures["mailer_workers"] == 0


@contextmanager
def statements_of(app: Flask) -> Iterator[list[str]]:
    engine, statements = short_engine(app.config["SQLALCHEMY_DATABASE_URI"]), []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield statements
    event.remove(engine, "before_cursor_execute", note)


def test_a_scrape_reads_neither_attempts_nor_recipients(app: Flask, session: Session, alice: User) -> None:
    completed_mailing_of(alice, accepted=3)
    with statements_of(app) as statements:
        scrape(app, session)
    assert 0 < len(statements) <= 8
    assert not [each for each in statements if "attempts" in each or "recipients" in each]
