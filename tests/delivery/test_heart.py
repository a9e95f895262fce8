"""The heartbeat of a lane."""

import threading

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from mailer.delivery.lease import Watch, lane_of
from mailer.models.lanes import Lane
from mailer.models.users import User
from tests.support.factories import client_of, started_mailing_of
from tests.support.waiting import wait_until


def test_the_heart_beats_on_although_redis_hangs(
    engine: Engine, session: Session, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailer.delivery.lease.HEARTBEAT_SECONDS", 0.1)
    mailing = started_mailing_of(alice, clients=[client_of(alice)])
    session.commit()
    answer = threading.Event()
    with lane_of(engine, mailing.id, 1, "mailer.example") as token:
        assert token is not None
        watch = Watch(engine, token, wanted_elsewhere=answer.wait, tell=lambda: None)
        first = session.scalar(select(Lane.heartbeat_at))
        session.rollback()
        watch.start()

        def has_beaten() -> bool:
            beat = session.scalar(select(Lane.heartbeat_at))
            session.rollback()
            return beat != first

        wait_until(has_beaten, "a heartbeat")
        answer.set()
        watch.end()
        assert not watch.is_lost
