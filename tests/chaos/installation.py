"""One installation of the product under test: its servers, its processes, and the hands that hurt them."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from mailer.config import PROJECT_DIR
from mailer.delivery.queues import LANES, STARTS
from tests.chaos.diary import Diary, Loss
from tests.chaos.plan import CLOCKS, Plan
from tests.chaos.sockets import connections_to
from tests.support.ports import free_port, is_listening
from tests.support.postgresql_server import PostgresqlServer
from tests.support.process_table import descendants_of
from tests.support.processes import Processes, Running, kill
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_until

Relief = Callable[[], None]


class MailServer:
    """The chaotic mail server as a process."""

    def __init__(self, plan: Plan, directory: Path) -> None:
        self.port = free_port()
        self.ledger = directory / "letters.jsonl"
        temper = {"seed": plan.seed, "chances": plan.chances, "delay": plan.delay, "busy": plan.busy}
        command = [sys.executable, "-m", "tests.chaos.mail_server", "--port", str(self.port)]
        command += ["--ledger", str(self.ledger), "--temper", json.dumps(temper)]
        with open(directory / "mail-server.log", "wb") as log:
            self._process = subprocess.Popen(command, cwd=PROJECT_DIR, stdout=log, stderr=log)
        wait_until(lambda: is_listening(self.port), "the mail server to listen")

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()


class Installation:
    """Workers and schedulers by number; each is started again after it was killed, as a supervisor would."""

    def __init__(
        self,
        plan: Plan,
        processes: Processes,
        redis: RedisServer,
        postgresql: PostgresqlServer | None,
        mail: MailServer,
        diary: Diary,
    ) -> None:
        self.plan, self.processes, self.redis, self.postgresql = plan, processes, redis, postgresql
        self.mail, self.diary = mail, diary
        self.sqlite_file = processes.log_dir / "mailer.sqlite"
        # It may be frozen when it is asked.
        self._impatient = Redis.from_url(redis.url, socket_timeout=0.5, retry=Retry(NoBackoff(), 0))
        self.workers = [self._start("worker", host) for host in plan.workers]
        self.schedulers = [self._start("scheduler", host) for host in plan.schedulers]

    def _start(self, command: str, host: str) -> Running:
        pretence = {"CHAOS_BEAT": str(self.plan.pace.beat), "CHAOS_LEASE": str(self.plan.pace.lease)}
        if host != "here":
            pretence |= {"CHAOS_HOST": host, "CHAOS_CLOCK": str(CLOCKS[host])}
        return self.processes.start(f"{command}-{host}", "-m", "tests.chaos.product", command, **pretence)

    def wait_for_workers(self) -> None:
        wait_until(lambda: self._impatient.scard("rq:workers") == len(self.workers), "the workers to be there")

    def restart_worker(self, number: int) -> None:
        if not self.workers[number].is_alive:
            self.workers[number] = self._start("worker", self.plan.workers[number])

    def restart_scheduler(self, number: int) -> None:
        if not self.schedulers[number].is_alive:
            self.schedulers[number] = self._start("scheduler", self.plan.schedulers[number])

    def revive(self) -> None:
        """Start whatever ended by itself, as a supervisor would."""
        for number in range(len(self.workers)):
            self.restart_worker(number)
        for number in range(len(self.schedulers)):
            self.restart_scheduler(number)

    def horses(self) -> list[tuple[int, int]]:
        """Each worker's number with the process that works for it now."""
        return [
            (number, horse)
            for number, worker in enumerate(self.workers)
            if worker.is_alive
            for horse in worker.children()
        ]

    def lose(self, horse: int, why: str) -> None:
        """Stop a work-horse for good or for long, and write down how many connections it had open then."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(horse, signal.SIGSTOP)
        self.diary.losses.append(Loss(time.time(), why, connections_to(self.mail.port, horse)))

    def kill(self, pid: int) -> None:
        self.diary.kills += 1
        kill(pid)

    def freeze(self, pids: list[int]) -> Relief:
        """Stop these processes until the relief is called."""
        signal_all(pids, signal.SIGSTOP)
        return lambda: signal_all(pids, signal.SIGCONT)

    def postgresql_pids(self) -> list[int]:
        """The postmaster first, then what it has forked."""
        assert self.postgresql is not None and self.postgresql.process is not None
        postmaster = self.postgresql.process.pid
        return [postmaster, *descendants_of(postmaster)]

    def flush_redis(self) -> None:
        with contextlib.suppress(RedisError):
            self._impatient.flushall()

    def queue_length(self) -> int:
        """How many rings wait; nobody knows while Redis is away."""
        try:
            return sum(int(self._impatient.llen(f"rq:queue:{name}")) for name in (STARTS, LANES))
        except RedisError:
            return 0


def signal_all(pids: list[int], what: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, what)
