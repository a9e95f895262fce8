"""Rings, and what the queues look like when nobody answers them."""

import pytest

from mailer.delivery import waiting
from mailer.delivery.bell import ring_lanes, ring_start
from mailer.delivery.queues import lanes_queue, redis_connection, starts_queue
from mailer.delivery.waiting import Waiting, count_waiting, count_workers
from mailer.delivery.worker import PoliteWorker
from tests.support.redis_server import RedisServer


@pytest.mark.one_database("it is about Redis")
def test_nothing_piles_up_in_redis_while_nobody_answers(app_context: None) -> None:
    for _ in range(5):
        assert ring_start(1) and ring_start(12)
        assert ring_lanes(1, 2) and ring_lanes(12, 3)
    assert len(starts_queue(redis_connection())) == 2
    assert len(lanes_queue(redis_connection())) == 5
    assert count_waiting() == 7


@pytest.mark.one_database("it is about Redis")
def test_a_lane_gives_way_to_a_start_at_once_and_to_another_mailing_after_a_while(
    app_context: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    queues = Waiting(redis_connection(), 1)
    ring_lanes(1, 2)
    ring_lanes(12)
    assert not queues.is_worker_wanted()
    monkeypatch.setattr(waiting, "LANE_PATIENCE_SECONDS", 0)
    assert queues.is_worker_wanted()
    lanes_queue(redis_connection()).empty()
    ring_lanes(1, 2)
    assert not queues.is_worker_wanted()
    ring_start(12)
    assert queues.is_worker_wanted()


@pytest.mark.one_database("it is about Redis")
def test_a_worker_that_redis_has_forgotten_tells_it_again_that_it_is_there(
    app_context: None, redis_server: RedisServer
) -> None:
    worker = PoliteWorker([lanes_queue(redis_connection())], connection=redis_connection())
    worker.register_birth()
    redis_server.client.flushall()
    assert redis_server.client.smembers("rq:workers") == set()
    worker.heartbeat()
    assert count_workers() == 1
    [known] = PoliteWorker.all(connection=redis_connection())
    assert (known.name, known.pid) == (worker.name, worker.pid)
