"""The queues on Redis. Redis is only a doorbell: what is to be done stands in the database."""

from flask import current_app
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue

# A worker that is free takes from the first queue that has something: starts before imports, and both before lanes.
STARTS = "starts"
IMPORTS = "imports"
LANES = "lanes"

# A lane gives its worker up before this ends it; see mailer.delivery.lane.
LANE_TIMEOUT_SECONDS = 3600
START_TIMEOUT_SECONDS = 3600
IMPORT_TIMEOUT_SECONDS = 3600
FAILED_JOB_SECONDS = 7 * 24 * 3600


class RedisNotConfigured(RuntimeError):
    """There is no REDIS_URL, and no embedded server is running."""

    def __init__(self) -> None:
        super().__init__("REDIS_URL: none is set, and no embedded server is running. Start one with: make run")


def redis_connection(*, patience: float = 2.0) -> Redis:
    """A connection to the application's Redis that waits twice at most, `patience` seconds each, for an answer.

    Raises RedisNotConfigured.
    """
    url = current_app.config["REDIS_URL"]
    if not url:
        raise RedisNotConfigured
    # The library's own ten retries would make eleven times the patience of it; one finds a server that came back.
    retry = Retry(NoBackoff(), 1)
    return Redis.from_url(url, socket_connect_timeout=patience, socket_timeout=patience, retry=retry)


def starts_queue(connection: Redis) -> Queue:
    return Queue(STARTS, connection=connection, default_timeout=START_TIMEOUT_SECONDS)


def imports_queue(connection: Redis) -> Queue:
    return Queue(IMPORTS, connection=connection, default_timeout=IMPORT_TIMEOUT_SECONDS)


def lanes_queue(connection: Redis) -> Queue:
    return Queue(LANES, connection=connection, default_timeout=LANE_TIMEOUT_SECONDS)
