"""The blows of a plan as they fall. Each returns what will put things right again, if anything has to."""

import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from tests.chaos.diary import Loss
from tests.chaos.installation import Installation, Relief, signal_all
from tests.chaos.plan import Blow
from tests.chaos.sockets import connections_to, is_frozen
from tests.support.process_table import descendants_of

T = TypeVar("T")

# What PostgreSQL needs to come back after one of its processes was killed.
RECOVERY_SECONDS = 3


class Blows:
    def __init__(self, installation: Installation) -> None:
        self.there = installation
        self.kinds: dict[str, Callable[[Blow], Relief | None]] = {
            "kill work-horse": self.kill_horse,
            "kill worker": self.kill_worker,
            "kill worker and work-horse": self.kill_family,
            "stop politely": self.stop_politely,
            "freeze work-horse": self.freeze_horse,
            "freeze worker and work-horse": self.freeze_family,
            "freeze work-horse beyond its lease": self.freeze_beyond_lease,
            "kill scheduler": self.kill_scheduler,
            "freeze scheduler": self.freeze_scheduler,
            "kill Redis": self.kill_redis,
            "freeze Redis": self.freeze_redis,
            "freeze Redis beyond a lease": self.freeze_redis,
            "keep the database from writing beyond a lease": self.keep_from_writing,
            "flush Redis": self.flush_redis,
            "kill PostgreSQL": self.kill_postgresql,
            "freeze PostgreSQL": self.freeze_postgresql,
            "kill backend": self.kill_backend,
            "freeze backend": self.freeze_backend,
        }

    # Workers ----------------------------------------------------------------------------------------------------

    def kill_horse(self, blow: Blow) -> Relief | None:
        horses = self.there.horses()
        if horses:
            _, horse = chosen(horses, blow)
            self.there.lose(horse, blow.kind)
            self.there.kill(horse)
        return None

    def kill_worker(self, blow: Blow) -> Relief | None:
        """The work-horse finds itself alone, and stops politely."""
        number = chosen(range(len(self.there.workers)), blow)
        worker = self.there.workers[number]
        if worker.is_alive:
            horses = worker.children()
            self.there.diary.kills += 1
            # Whose parent goes while it is frozen is ended by the kernel (SIGHUP to an orphaned process group).
            frozen = list(filter(is_frozen, horses))
            for horse in frozen:
                self.there.lose(horse, f"{blow.kind} of a frozen work-horse")
            worker.kill_alone()
            self._mind_goodbye([horse for horse in horses if horse not in frozen])
        return lambda: self.there.restart_worker(number)

    def kill_family(self, blow: Blow) -> Relief | None:
        number = chosen(range(len(self.there.workers)), blow)
        worker = self.there.workers[number]
        if worker.is_alive:
            for horse in worker.children():
                self.there.lose(horse, blow.kind)
            self.there.diary.kills += len(worker.kill_with_children())
        return lambda: self.there.restart_worker(number)

    def stop_politely(self, blow: Blow) -> Relief | None:
        number = chosen(range(len(self.there.workers)), blow)
        worker = self.there.workers[number]

        def stop() -> None:
            began = time.monotonic()
            self._mind_goodbye(worker.children())
            worker.terminate()
            diary = self.there.diary
            seconds = time.monotonic() - began
            diary.longest_goodbye = max(diary.longest_goodbye, seconds)
            diary.note(f"worker {number} left after {seconds:.1f} s")

        if worker.is_alive:
            threading.Thread(target=stop, daemon=True).start()
        return lambda: self.there.restart_worker(number)

    def _mind_goodbye(self, horses: Sequence[int]) -> None:
        """A polite stop loses nothing, unless there is no database to write the last answers into; see checks."""
        for horse in horses:
            goodbye = Loss(time.time(), "stopped politely", connections_to(self.there.mail.port, horse))
            self.there.diary.goodbyes.append(goodbye)

    def freeze_horse(self, blow: Blow) -> Relief | None:
        horses = self.there.horses()
        return self._freeze([chosen(horses, blow)[1]] if horses else [], blow)

    def freeze_family(self, blow: Blow) -> Relief | None:
        worker = chosen(self.there.workers, blow)
        return self._freeze([worker.process.pid, *worker.children()] if worker.is_alive else [], blow)

    def freeze_beyond_lease(self, blow: Blow) -> Relief | None:
        horses = self.there.horses()
        if not horses:
            return None
        _, horse = chosen(horses, blow)
        self.there.lose(horse, blow.kind)
        return self._freeze([horse], blow)

    def _freeze(self, pids: list[int], blow: Blow) -> Relief:
        diary = self.there.diary
        diary.longest_stop = max(diary.longest_stop, blow.lasts)
        return self.there.freeze(pids)

    # Schedulers and Redis ---------------------------------------------------------------------------------------

    def kill_scheduler(self, blow: Blow) -> Relief | None:
        number = chosen(range(len(self.there.schedulers)), blow)
        self.there.diary.kills += 1
        self.there.schedulers[number].kill_with_children()
        return lambda: self.there.restart_scheduler(number)

    def freeze_scheduler(self, blow: Blow) -> Relief | None:
        return self._freeze([chosen(self.there.schedulers, blow).process.pid], blow)

    def kill_redis(self, blow: Blow) -> Relief | None:
        if self.there.redis.pid is None:
            return None
        self.there.diary.kills += 1
        self.there.redis.kill()
        return self.there.redis.start

    def freeze_redis(self, blow: Blow) -> Relief | None:
        pid = self.there.redis.pid
        return None if pid is None else self._freeze([pid], blow)

    def flush_redis(self, blow: Blow) -> Relief | None:
        self.there.flush_redis()
        return None

    # The database ------------------------------------------------------------------------------------------------

    def keep_from_writing(self, blow: Blow) -> Relief | None:
        """Every heartbeat stops, although nobody is dead."""
        if self.there.postgresql is not None:
            return self.freeze_postgresql(blow)
        greedy = sqlite3.connect(self.there.sqlite_file, isolation_level=None, check_same_thread=False, timeout=5)
        began = time.time()
        try:
            greedy.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            # Somebody who is frozen has the lock already.
            greedy.close()
            return None

        def let_go() -> None:
            greedy.close()
            self.there.diary.outages.append((began, time.time()))

        return let_go

    def kill_postgresql(self, blow: Blow) -> Relief | None:
        postgresql, began = self.there.postgresql, time.time()
        assert postgresql is not None
        if postgresql.process is None:
            return None
        self.there.diary.kills += 1
        family = self.there.postgresql_pids()
        postgresql.kill()
        # What is frozen would keep the memory that the next server needs.
        signal_all(family, signal.SIGCONT)

        def start() -> None:
            postgresql.start()
            self.there.diary.outages.append((began, time.time()))

        return start

    def freeze_postgresql(self, blow: Blow) -> Relief | None:
        postgresql = self.there.postgresql
        if postgresql is None or postgresql.process is None:
            return None
        return self._freeze_database(self.there.postgresql_pids(), blow)

    def kill_backend(self, blow: Blow) -> Relief | None:
        """PostgreSQL then ends all its backends, and recovers."""
        backends = self._backends()
        if backends:
            self.there.kill(chosen(backends, blow))
            self.there.diary.outages.append((time.time(), time.time() + RECOVERY_SECONDS))
        return None

    def freeze_backend(self, blow: Blow) -> Relief | None:
        backends = self._backends()
        return self._freeze_database([chosen(backends, blow)], blow) if backends else None

    def _freeze_database(self, pids: list[int], blow: Blow) -> Relief:
        began, thaw = time.time(), self._freeze(pids, blow)

        def relieve() -> None:
            thaw()
            self.there.diary.outages.append((began, time.time()))

        return relieve

    def _backends(self) -> list[int]:
        postgresql = self.there.postgresql
        if postgresql is None or postgresql.process is None:
            return []
        return descendants_of(postgresql.process.pid)


def chosen(candidates: Sequence[T], blow: Blow) -> T:
    return candidates[int(blow.luck * len(candidates))]
