"""What administrators see of a running lane."""

from collections import Counter

import pytest

from mailer.delivery.bell import ring_lanes
from mailer.delivery.lane_progress import progress_words, show_progress
from mailer.delivery.queues import lanes_queue, redis_connection
from mailer.models.mailings import RecipientState
from tests.support.redis_server import RedisServer
from tests.support.visitor import Visitor

COUNTS = Counter({RecipientState.ACCEPTED: 1234, RecipientState.UNKNOWN: 1})


def test_a_lane_is_described_by_its_mailing_and_its_counts() -> None:
    assert progress_words(7, Counter()) == "deliver mailing 7: no answer yet"
    assert progress_words(7, COUNTS) == "deliver mailing 7: 1,234 accepted, 1 unknown"


@pytest.mark.one_database("it is about Redis")
def test_the_dashboard_shows_a_lane_with_its_mailing_and_progress(as_admin: Visitor, app_context: None) -> None:
    ring_lanes(7)
    [job] = lanes_queue(redis_connection()).jobs
    show_progress(redis_connection(), job, 7, COUNTS)
    shown = as_admin.get(f"/rq/0/data/job/{job.id}.json").json
    assert shown["description"] == "deliver mailing 7: 1,234 accepted, 1 unknown"
    assert '"mailing": 7' in shown["metadata"]
    assert '"accepted": 1234' in shown["metadata"]


@pytest.mark.one_database("it is about Redis")
def test_a_job_that_redis_has_forgotten_leaves_no_stump(app_context: None, redis_server: RedisServer) -> None:
    ring_lanes(7)
    [job] = lanes_queue(redis_connection()).jobs
    redis_server.client.flushall()
    show_progress(redis_connection(), job, 7, COUNTS)
    assert redis_server.client.keys() == []
