"""`make bench-large`: one mailing to very many on PostgreSQL, and a small one that starts while it runs.

RECIPIENTS and CONNECTIONS in the environment change the size.
"""

import os
import tempfile
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from benchmarks import contenders, servers
from mailer.delivery.bell import ring_start
from mailer.domain.clock import database_now
from mailer.domain.progress import request_start
from mailer.extensions import db
from mailer.models.mailings import Attempt, Mailing
from mailer.models.transactions import begin_writing
from tests.support.waiting import wait_until

RECIPIENTS = int(os.environ.get("RECIPIENTS", "1000000"))
CONNECTIONS = int(os.environ.get("CONNECTIONS", "20"))
FEW = 10
SIZE = 2_000
HOURS = 3600


def main() -> None:
    with ExitStack() as stack:
        servers.program("smtp-source", "postfix")
        sink, redis = stack.enter_context(servers.smtp_sink()), stack.enter_context(servers.redis())
        postgresql = stack.enter_context(servers.durable_postgresql())
        url = stack.enter_context(servers.fresh_database("postgresql", postgresql))
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        settings = contenders.environment(url, redis, sink, CONNECTIONS)
        with contenders.application(settings):
            many = contenders.seed(db.engine, RECIPIENTS, SIZE)
            few = contenders.seed(db.engine, FEW, SIZE, "another@mailer.example", starts_in=timedelta(days=1))
            contenders.analyze(db.engine)
            with contenders.working(settings, redis, logs) as workers:
                peak = contenders.Peak(workers)
                began_at = contenders.now_of(db.engine)
                ring_start(many)
                wait_until(lambda: attempts(db.engine, many) >= RECIPIENTS // 3, "a third", within=HOURS, every=1)
                few_began_at = start_by_button(db.engine, few)
                wait_until(lambda: contenders.completed_at_of(db.engine, many), "the mailing", within=HOURS, every=1)
                megabytes = peak.megabytes()
            print(report(db.engine, many, began_at, few, few_began_at, megabytes))


def start_by_button(engine: Engine, mailing_id: int) -> datetime:
    """Start a mailing before its time, as its page does; when that was."""
    with Session(engine) as session:
        begin_writing(session)
        now = database_now(session)
        request_start(session, session.get_one(Mailing, mailing_id), now)
        session.commit()
    ring_start(mailing_id)
    return now


def attempts(engine: Engine, mailing_id: int) -> int:
    """Somewhat more than there are, without counting them: the small mailing's are among them."""
    with Session(engine) as session:
        return session.scalar(select(func.max(Attempt.id)).where(Attempt.mailing_id == mailing_id)) or 0


def report(
    engine: Engine, many: int, began_at: datetime, few: int, few_began_at: datetime, megabytes: float
) -> str:
    few_done_at, many_done_at = (contenders.completed_at_of(engine, mailing) for mailing in (few, many))
    assert few_done_at is not None and many_done_at is not None
    times = [_answered_at(engine, many, number) for number in range(0, RECIPIENTS + 1, RECIPIENTS // 10)]
    tenths = [RECIPIENTS / 10 / (after - before).total_seconds() for before, after in zip(times, times[1:])]
    return "\n".join(
        (
            f"{RECIPIENTS:,} recipients, {contenders.WORKERS} lanes of {CONNECTIONS} connections, PostgreSQL, 2 kB",
            f"first letter {(times[0] - began_at).total_seconds():.1f} s after the start",
            f"letters/s in each tenth: {', '.join(f'{rate:,.0f}' for rate in tenths)}",
            f"the last tenth / the first: {tenths[-1] / tenths[0]:.2f}",
            f"all: {RECIPIENTS / (many_done_at - began_at).total_seconds():,.0f}/s from the start to Completed",
            f"{FEW} recipients, started after a third: done after {(few_done_at - few_began_at).total_seconds():.1f} s",
            f"peak memory of a worker: {megabytes:.0f} MB",
        )
    )


def _answered_at(engine: Engine, mailing_id: int, number: int) -> datetime:
    """When the so-and-so-many-th answer came; 0 is the first, as 1 is."""
    with Session(engine) as session:
        those = select(Attempt.attempted_at).where(Attempt.mailing_id == mailing_id).order_by(Attempt.id)
        time = session.scalar(those.offset(max(0, number - 1)).limit(1))
        assert time is not None
        return time


if __name__ == "__main__":
    main()
