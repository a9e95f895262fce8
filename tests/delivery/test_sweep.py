"""The end of dead lanes."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from mailer.delivery.claims import Wishes, open_fence
from mailer.delivery.lease import Heart, lane_of, lanes_wanted
from mailer.delivery.processes import ProcessIdentity, boot_id, pid_began
from mailer.delivery.sweep import DEAD_AFTER, sweep, sweep_gone
from mailer.domain.clock import database_now
from mailer.models.lanes import Lane
from mailer.models.mailings import Attempt, AttemptStatus, Mailing
from mailer.models.users import User
from tests.delivery.conftest import write_anew
from tests.support.factories import clients_with, started_mailing_of, states_of
from tests.support.waiting import wait_until

EMAILS = [f"r{number}@example.org" for number in range(4)]


@pytest.fixture(autouse=True)
def short_breath(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailer.delivery.sweep.BREATH_SECONDS", 0.3)


@pytest.fixture
def mailing(alice: User, session: Session) -> Mailing:
    mailing = started_mailing_of(alice, clients=clients_with(alice, *EMAILS))
    session.commit()
    return mailing


def hold_some(engine: Engine, mailing: Mailing, token: str) -> None:
    """One recipient begun, two claimed, one pending."""
    fence = open_fence(engine, mailing.id, mailing.owner_id, token)
    claims = fence.turn(Wishes(claim_count=3)).claims
    fence.turn(Wishes(begin=[claims[0].recipient_id]))
    fence.close()


def change_lane(session: Session, **values: object) -> None:
    write_anew(session)
    session.execute(update(Lane).values(**values))
    session.commit()


def test_a_living_lane_is_left_alone(engine: Engine, mailing: Mailing) -> None:
    with lane_of(engine, mailing.id, 1, "mailer.example") as token:
        assert token is not None
        assert sweep(engine) == []


def test_a_silent_lane_of_another_host_is_swept(engine: Engine, mailing: Mailing, session: Session) -> None:
    with lane_of(engine, mailing.id, 1, "mailer.example") as token:
        assert token is not None
        hold_some(engine, mailing, token)
        silent_since = database_now(session) - DEAD_AFTER - timedelta(seconds=1)
        change_lane(session, host="elsewhere", heartbeat_at=silent_since)
        assert sweep(engine) == [mailing.id]
        assert sorted(states_of(mailing).values()) == ["pending", "pending", "pending", "unknown"]
        attempt = session.scalars(select(Attempt)).one()
        assert attempt.status is AttemptStatus.UNKNOWN
        assert attempt.letter_id is not None and attempt.letter_id.endswith(f".1.{token[:8]}@mailer.example")
        assert sweep(engine) == []


def test_a_lane_of_another_host_is_not_swept_before_its_time(
    engine: Engine, mailing: Mailing, session: Session
) -> None:
    with lane_of(engine, mailing.id, 1, "mailer.example"):
        change_lane(session, host="elsewhere", heartbeat_at=database_now(session) - DEAD_AFTER + timedelta(seconds=10))
        assert sweep(engine) == []


def test_a_silent_lane_that_beats_again_once_the_database_takes_writes_is_left_alone(
    engine: Engine, mailing: Mailing, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    with lane_of(engine, mailing.id, 1, "mailer.example") as token:
        assert token is not None
        hold_some(engine, mailing, token)
        change_lane(session, host="elsewhere", heartbeat_at=database_now(session) - 2 * DEAD_AFTER)
        session.rollback()
        monkeypatch.setattr("mailer.delivery.lease.HEARTBEAT_SECONDS", 0.05)
        heart = Heart(engine, token)
        heart.start()
        assert sweep(engine) == []
        heart.end()
        assert not heart.is_lost
        assert "unknown" not in states_of(mailing).values()


def test_a_silent_lane_gets_its_breath_when_the_database_takes_writes_again_and_not_before(
    engine: Engine, mailing: Mailing, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailer.delivery.sweep.BREATH_SECONDS", 1)
    monkeypatch.setattr("mailer.delivery.lease.HEARTBEAT_SECONDS", 0.05)
    with lane_of(engine, mailing.id, 1, "mailer.example") as token, ThreadPoolExecutor(1) as beside:
        assert token is not None
        change_lane(session, host="elsewhere", heartbeat_at=database_now(session) - 2 * DEAD_AFTER)
        write_anew(session)
        session.execute(update(Lane).values(host="elsewhere"))
        swept = beside.submit(sweep, engine)
        # The lock outlasts a breath that began too early.
        time.sleep(1.5)
        session.rollback()
        heart = Heart(engine, token)
        heart.start()
        assert swept.result() == []
        heart.end()
        assert not heart.is_lost


def test_a_stopped_process_is_killed_at_once_because_it_may_be_what_keeps_the_database(
    engine: Engine, mailing: Mailing, session: Session
) -> None:
    stopped = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    with lane_of(engine, mailing.id, 1, "mailer.example"):
        change_lane(session, pid=stopped.pid, pid_began=pid_began(stopped.pid))
        stopped.send_signal(signal.SIGSTOP)
        wait_until(lambda: ProcessIdentity("", "", stopped.pid, pid_began(stopped.pid)).is_stopped(), "the stop")
        assert sweep_gone(engine) == []
        change_lane(session, heartbeat_at=database_now(session) - DEAD_AFTER - timedelta(seconds=1))
        assert sweep_gone(engine) == [mailing.id]
    assert stopped.wait(timeout=30) == -9


def test_two_sweeps_at_once_settle_each_recipient_once(engine: Engine, mailing: Mailing, session: Session) -> None:
    with lane_of(engine, mailing.id, 1, "mailer.example") as token:
        assert token is not None
        hold_some(engine, mailing, token)
        change_lane(session, host="elsewhere", heartbeat_at=database_now(session) - 2 * DEAD_AFTER)
        session.rollback()
        with ThreadPoolExecutor(4) as sweepers:
            swept = list(sweepers.map(lambda _: sweep(engine), range(4)))
    assert sorted(swept) == [[], [], [], [mailing.id]]
    assert sorted(states_of(mailing).values()) == ["pending", "pending", "pending", "unknown"]
    assert len(session.scalars(select(Attempt)).all()) == 1


def test_a_lane_whose_process_is_gone_from_this_host_is_swept_at_once(
    engine: Engine, mailing: Mailing, session: Session
) -> None:
    with lane_of(engine, mailing.id, 1, "mailer.example") as token:
        assert token is not None
        hold_some(engine, mailing, token)
        gone = subprocess.Popen([sys.executable, "-c", ""])
        gone.wait()
        change_lane(session, pid=gone.pid)
        assert sweep(engine) == [mailing.id]
        assert "claimed" not in states_of(mailing).values()


def test_a_process_that_only_has_the_same_number_is_not_the_owner(
    engine: Engine, mailing: Mailing, session: Session
) -> None:
    with lane_of(engine, mailing.id, 1, "mailer.example"):
        change_lane(session, pid_began="1")
        assert sweep(engine) == [mailing.id]
    assert pid_began(os.getpid())


def test_a_silent_process_on_this_host_is_killed_before_its_lane_is_swept(
    engine: Engine, mailing: Mailing, session: Session
) -> None:
    assert boot_id()
    silent = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    with lane_of(engine, mailing.id, 1, "mailer.example"):
        change_lane(
            session,
            pid=silent.pid,
            pid_began=pid_began(silent.pid),
            heartbeat_at=database_now(session) - DEAD_AFTER - timedelta(seconds=1),
        )
        assert sweep(engine) == [mailing.id]
    assert silent.wait(timeout=30) == -9


@pytest.mark.parametrize(
    ("workers", "running", "lanes"), [(2, 1, 2), (2, 2, 1), (2, 5, 1), (10, 1, 4), (10, 3, 3), (0, 0, 1)]
)
def test_lanes_are_the_workers_divided_by_the_running_mailings(workers: int, running: int, lanes: int) -> None:
    assert lanes_wanted(workers, running) == lanes
