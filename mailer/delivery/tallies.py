"""What monitoring counts, kept in Redis for all processes together.

No books: a process that is killed takes with it what it has not passed on yet, at most a few seconds of it, and with
Redis' data the counts begin again at 0, as Prometheus expects of counters. Nothing here is ever asked to send a letter.
"""

import logging
import threading
from bisect import bisect_left
from collections.abc import Mapping, Sequence

from redis import Redis

from mailer.delivery.bell import NO_REDIS

logger = logging.getLogger(__name__)

# One hash of Redis; its fields are a name and what distinguishes it, such as `letters|accepted`.
KEY = "mailer:tallies"

LETTERS = "letters"
ANSWERS = "answers"
REQUESTS = "requests"
RESPONSES = "responses"
SWEPT_LANES = "swept_lanes"

# In seconds; each kind of time has a last class without a bound.
ANSWER_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
REQUEST_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

UNBOUNDED, SUM = "+Inf", "sum"


class Times:
    """How long something has taken, counted by classes of time, and the sum of it."""

    def __init__(self, name: str, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._fields = [f"{name}|{bound}" for bound in (*bounds, UNBOUNDED)]
        self._sum_field = f"{name}|{SUM}"
        self._counts = [0] * len(self._fields)
        self._sum = 0.0

    def observe(self, seconds: float) -> None:
        """Count one; for one thread at a time."""
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self._sum += seconds

    def tallies(self) -> dict[str, float]:
        """What has been counted, by the fields of the hash."""
        return {**dict(zip(self._fields, self._counts, strict=True)), self._sum_field: self._sum}


class Teller:
    """Passes on to Redis what one process has counted since it last did so."""

    def __init__(self) -> None:
        self._told: Mapping[str, float] = {}
        self._turn = threading.Lock()

    def tell(self, connection: Redis, tallies: Mapping[str, float]) -> None:
        """Add what is new in these tallies to those of all processes; another time if Redis does not answer."""
        with self._turn:
            news = {field: count - self._told.get(field, 0) for field, count in tallies.items()}
            if add_tallies(connection, news):
                self._told = dict(tallies)


def add_tallies(connection: Redis, news: Mapping[str, float]) -> bool:
    """Add to the tallies of all processes; False when Redis does not answer."""
    try:
        with connection.pipeline(transaction=False) as pipeline:
            for field, count in news.items():
                if count:
                    pipeline.hincrbyfloat(KEY, field, count)
            pipeline.execute()
    except NO_REDIS as error:
        logger.debug("What was counted is not passed on yet: %s", error)
        return False
    return True


def read_tallies(connection: Redis) -> dict[str, float]:
    """The tallies of all processes by field. Raises what redis raises when it does not answer."""
    found = connection.hgetall(KEY)
    return {field if isinstance(field, str) else field.decode(): float(count) for field, count in found.items()}
