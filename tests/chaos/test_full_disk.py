"""The database's disk is full for a while."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.orm import Session

from mailer.models.users import User
from tests.journeys.steps import Watcher, addresses, assert_books_agree, due_mailing_of
from tests.support.databases import SqliteDatabases, migrate
from tests.support.postgresql_server import PostgresqlServer, unprivileged
from tests.support.processes import Processes
from tests.support.required import unavailable
from tests.support.smtp_server import SmtpServer
from tests.support.waiting import wait_until

RECIPIENTS = 300
MEGABYTES = 40


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of its own, which can be filled without harm to others."""
    directory = Path(tempfile.mkdtemp(prefix="mailer-small-disk-"))
    mount = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(directory)]
    if subprocess.run(mount, capture_output=True).returncode:
        directory.rmdir()
        unavailable("nobody here may mount a small disk that can be filled")
    # PostgreSQL's own user has to get in.
    directory.chmod(0o755)
    yield directory
    # Lazily, because a process that was killed a moment ago may still hold a file.
    subprocess.run(["umount", "--lazy", str(directory)], check=True)
    directory.rmdir()


@pytest.fixture
def database_url(small_disk: Path, mortal_postgresql: PostgresqlServer | None, tmp_path: Path) -> Iterator[str]:
    if mortal_postgresql is None:
        yield SqliteDatabases(tmp_path / "template.sqlite").create(small_disk)
        return
    space = small_disk / "space"
    space.mkdir()
    if owner := unprivileged():
        os.chown(space, owner["user"], owner["group"])
    with psycopg.connect(mortal_postgresql.url, autocommit=True) as connection:
        connection.execute(f"CREATE TABLESPACE small LOCATION '{space}'")
        connection.execute("CREATE DATABASE on_small_disk TABLESPACE small")
        url = mortal_postgresql.url.replace("/postgres", "/on_small_disk")
        migrate(url)
        yield url
        connection.execute("DROP DATABASE on_small_disk WITH (FORCE)")
        connection.execute("DROP TABLESPACE small")


def fill(disk: Path) -> Path:
    """A file that takes all the space there is."""
    ballast = disk / "ballast"
    with open(ballast, "wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(b"0" * size)
            except OSError:
                # Not another piece of this size fits.
                continue
    return ballast


def test_while_the_disk_is_full_lanes_wait_and_say_so_and_nothing_is_lost_or_doubled(
    session: Session,
    alice: User,
    processes: Processes,
    smtp_server: SmtpServer,
    small_disk: Path,
) -> None:
    smtp_server.manners.dot_delay = 0.05
    watcher = Watcher(session, due_mailing_of(alice, addresses(RECIPIENTS)))
    worker = processes.start_worker()
    processes.start_scheduler()
    watcher.wait(lambda books: books.accepted >= 10, "the first letters")
    ballast = fill(small_disk)
    wait_until(
        lambda: "disk is full" in worker.words or "No space left on device" in worker.words,
        "the lane to say that the disk is full",
    )
    assert watcher.books.total == RECIPIENTS
    ballast.unlink()

    books = watcher.wait_until_completed()
    assert (books.accepted, books.unknown) == (RECIPIENTS, 0)
    assert_books_agree(watcher, smtp_server.ledger)
