"""On SQLite a turn waits for the disk outside of its transaction: nothing is acted on before, nobody waits twice."""

import errno
import fcntl
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from mailer.delivery import write_ahead_log
from mailer.delivery.claims import DatabaseAway, Fence, Wishes, open_fence
from mailer.delivery.lease import lane_of
from mailer.models.mailings import Mailing
from mailer.models.transactions import prepare_sqlite
from mailer.models.users import User
from tests.support.factories import clients_with, started_mailing_of

pytestmark = pytest.mark.one_database("PostgreSQL makes its commits durable itself")

# As SQLite tells it.
FULL = 2
STATES = "SELECT state, count(*) FROM recipients GROUP BY state ORDER BY state"


@pytest.fixture
def mailing(alice: User, session: Session) -> Mailing:
    mailing = started_mailing_of(alice, clients=clients_with(alice, "r1@example.org", "r2@example.org"))
    session.commit()
    return mailing


@pytest.fixture
def fence(engine: Engine, session: Session, mailing: Mailing) -> Iterator[Fence]:
    mailing_id, owner_id = mailing.id, mailing.owner_id
    # Whoever reads keeps the log from being copied.
    session.rollback()
    with lane_of(engine, mailing_id, 1, "mailer.example") as token:
        assert token is not None
        fence = open_fence(engine, mailing_id, owner_id, token)
        yield fence
        fence.close()


@pytest.fixture
def database(engine: Engine) -> Path:
    assert engine.url.database is not None
    return Path(engine.url.database)


def test_the_disk_is_asked_after_the_commit_and_while_others_may_write(
    fence: Fence, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []

    def look(file: int) -> None:
        assert Path(f"/proc/self/fd/{file}").resolve() == Path(f"{database}-wal").resolve()
        with sqlite3.connect(database, timeout=0, isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            found.append(other.execute(STATES).fetchall())
            other.execute("ROLLBACK")
        other.close()

    monkeypatch.setattr(write_ahead_log, "_make_durable", look)
    fence.turn(Wishes(claim_count=1))
    assert found == [[("claimed", 1), ("pending", 1)]]


def test_a_turn_that_the_disk_refuses_is_not_acted_on(fence: Fence, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_file: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(write_ahead_log, "_make_durable", refuse)
        with pytest.raises(DatabaseAway, match="Input/output error"):
            fence.turn(Wishes(claim_count=1))
    # The lane does not know that it holds anybody, and so it gives back whom it was given unheard.
    (claim,) = fence.turn(Wishes(claim_count=1, held=[])).claims
    assert fence.turn(Wishes(begin=[claim.recipient_id])).begun == {claim.recipient_id}


def test_what_the_disk_refused_is_made_durable_in_another_way_before_anything_else(
    fence: Fence, database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system takes for written what it has failed to write, so a second try would succeed and prove nothing."""
    refusals = [OSError(errno.EIO, "Input/output error")]

    def refuse_once(_file: int) -> None:
        if refusals:
            raise refusals.pop()

    monkeypatch.setattr(write_ahead_log, "_make_durable", refuse_once)
    with pytest.raises(DatabaseAway):
        fence.turn(Wishes(claim_count=2))
    fence.turn(Wishes(held=[]))
    # As if the log had been lost: what was refused is in the database itself, and what came after it is not.
    shutil.copy(database, tmp_path / "without-its-log.sqlite")
    with sqlite3.connect(tmp_path / "without-its-log.sqlite") as alone:
        assert alone.execute(STATES).fetchall() == [("claimed", 2)]
    alone.close()


def test_while_another_lane_is_in_its_turn_the_time_is_used(fence: Fence, database: Path) -> None:
    with open(f"{database}-turns", "ab") as other_lane:
        fcntl.flock(other_lane, fcntl.LOCK_EX)
        # The other turn ends only when this lane has done what it can do meanwhile.
        turn = fence.turn(Wishes(claim_count=1), lambda: fcntl.flock(other_lane, fcntl.LOCK_UN))
    assert len(turn.claims) == 1


def test_other_connections_go_on_waiting_for_the_disk_at_each_commit(mailing: Mailing, database: Path) -> None:
    as_in_production = create_engine(f"sqlite:///{database}")
    prepare_sqlite(as_in_production)
    fence = open_fence(as_in_production, mailing.id, mailing.owner_id, "a-token")
    for _ in range(2):
        fence.turn(Wishes())
        with as_in_production.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == FULL
        fence.close()
    as_in_production.dispose()


def test_where_sqlite_keeps_no_log_it_makes_its_commits_durable_itself(tmp_path: Path) -> None:
    path = tmp_path / "without-a-log.sqlite"
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        log = write_ahead_log.WriteAheadLog(create_engine(f"sqlite:///{path}"))
        log.take_over(connection)
        assert connection.execute("PRAGMA synchronous").fetchone() == (FULL,)
        log.sync()
    connection.close()
