"""What a watcher outside is told: open to all, quick, and without secrets."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from mailer.delivery.presence import SCHEDULER_KEY
from mailer.domain.clock import database_now
from mailer.domain.holds import hold_account
from mailer.models.lanes import HoldKind
from mailer.models.users import User
from tests.support.application import AppMaker
from tests.support.factories import mailing_of
from tests.support.redis_server import RedisServer
from tests.support.visitor import Visitor, visitor
from tests.support.waiting import wait_until


def test_all_is_well(anonymous: Visitor) -> None:
    wait_until(lambda: anonymous.get("/healthz").status_code == 200, "a healthy answer")
    assert anonymous.get("/healthz").get_json() == {
        "status": "ok", "database": True, "redis": True, "account": "ok",
        "worker": False, "scheduler": False, "overdue_starts": 0,
    }


def test_whether_anybody_delivers_is_told_and_what_is_overdue(
    anonymous: Visitor, session: Session, alice: User, redis_server: RedisServer
) -> None:
    redis_server.client.set(SCHEDULER_KEY, "1")
    mailing_of(alice, starts_in=timedelta(minutes=-2))
    wait_until(lambda: anonymous.get("/healthz").status_code == 200, "a healthy answer")
    answer = anonymous.get("/healthz").get_json()
    assert (answer["worker"], answer["scheduler"], answer["overdue_starts"]) == (False, True, 1)


def test_a_hold_on_the_account_is_told_by_its_kind_and_is_no_illness(anonymous: Visitor, session: Session) -> None:
    now = database_now(session)
    hold_account(session, HoldKind.SENDER_REFUSED, now, reason="5.7.1 not you", code=553, until=None)
    answer = anonymous.get("/healthz")
    assert answer.get_json()["account"] == "sender_refused" and "not you" not in answer.get_data(as_text=True)
    told = answer.get_json()["hold"]
    assert (told["reason"], told["until"]) == ("The account is held: the sender was refused", None)
    assert "MAIL_DEFAULT_SENDER" in told["what_to_do"]


def test_without_redis_it_is_unavailable(anonymous: Visitor, redis_server: RedisServer) -> None:
    redis_server.kill()
    # That Redis answered is believed for a second.
    wait_until(lambda: anonymous.get("/healthz").status_code == 503, "the bad news")
    assert anonymous.get("/healthz").get_json()["redis"] is False


def test_without_its_database_it_is_unavailable_and_tells_no_secret(
    make_app: AppMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app()
    app.config["SQLALCHEMY_DATABASE_URI"] = "postgresql+psycopg://user:secret@127.0.0.1:9/mailer"
    answer = visitor(app).get("/healthz")
    assert answer.status_code == 503
    assert answer.get_json()["database"] is False and answer.get_json()["account"] == "unknown"
    assert "secret" not in answer.get_data(as_text=True)
