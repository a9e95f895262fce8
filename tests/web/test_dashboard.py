"""The RQ dashboard: for admins, from its own pages, and without the password of Redis."""

import pytest
from rq import Queue
from rq.job import Job

from mailer.web.dashboard import without_password
from tests.support.application import AppMaker
from tests.support.redis_server import RedisServer
from tests.support.visitor import Visitor
from tests.support.waiting import wait_until

pytestmark = pytest.mark.one_database("it shows what Redis holds")

FROM_ITS_PAGES = {"Sec-Fetch-Site": "same-origin"}
PAGES = ("/rq/", "/rq/0/view/workers", "/rq/0/view/jobs", "/rq/0/data/queues.json", "/rq/0/data/workers.json")


@pytest.fixture
def failed_job(redis_server: RedisServer) -> Job:
    job = Queue("starts", connection=redis_server.client).enqueue(print, "words")
    job.set_status("failed")
    Queue("starts", connection=redis_server.client).failed_job_registry.add(job, ttl=-1)
    return job


@pytest.mark.parametrize("path", PAGES)
def test_admins_see_it(as_admin: Visitor, path: str) -> None:
    wait_until(lambda: as_admin.get(path).status_code == 200, "Redis to be known to answer")


@pytest.mark.parametrize("path", [*PAGES, "/rq/static/css/main.css", "/rq/nothing"])
def test_nobody_else_knows_of_it(as_alice: Visitor, as_manager: Visitor, path: str) -> None:
    assert as_alice.get(path).status_code == 404
    assert as_manager.get(path).status_code == 404


def test_anonymous_visitors_go_to_the_login(anonymous: Visitor) -> None:
    for path in PAGES:
        assert anonymous.get(path).location.startswith("/auth/login")
    assert anonymous.post("/rq/job/1/requeue", headers=FROM_ITS_PAGES).location.startswith("/auth/login")


def test_its_pages_have_a_policy_of_their_own_and_cannot_be_framed(as_admin: Visitor) -> None:
    policy = as_admin.get("/rq/").headers["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-inline' 'unsafe-eval'" in policy and "frame-ancestors 'none'" in policy
    assert "unsafe" not in as_admin.get("/").headers["Content-Security-Policy"]


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}])
def test_a_post_from_elsewhere_is_refused(as_admin: Visitor, failed_job: Job, headers: dict[str, str]) -> None:
    assert as_admin.post(f"/rq/job/{failed_job.id}/delete", headers=headers).status_code == 403
    assert Job.exists(failed_job.id, failed_job.connection)


def test_its_own_pages_may_post_without_our_token(make_app: AppMaker, as_admin: Visitor, failed_job: Job) -> None:
    as_admin.application = make_app(csrf=True)
    assert as_admin.post(f"/rq/job/{failed_job.id}/delete", headers=FROM_ITS_PAGES).get_json() == {"status": "OK"}
    assert not Job.exists(failed_job.id, failed_job.connection)


def test_a_get_requeues_nothing(as_admin: Visitor, failed_job: Job) -> None:
    assert as_admin.get("/rq/requeue/starts", headers=FROM_ITS_PAGES).status_code == 405
    assert as_admin.head("/rq/requeue/starts").status_code == 405
    assert failed_job.get_status(refresh=True) == "failed"
    assert as_admin.post("/rq/requeue/starts", headers=FROM_ITS_PAGES).get_json() == {"status": "OK", "count": 1}


@pytest.mark.parametrize(
    "path",
    [
        "/rq/1/view/queues",
        "/rq/0/view/job/missing",
        "/rq/0/data/job/missing.json",
        "/rq/0/data/jobs/starts/nonsense/8/asc/1.json",
        "/rq/0/data/jobs/starts/failed/x/asc/1.json",
        "/rq/0/data/jobs/starts/failed/8/asc/0.json",
    ],
)
def test_an_address_that_it_would_fail_at_is_not_found(as_admin: Visitor, path: str) -> None:
    assert as_admin.get(path).status_code == 404


def test_without_redis_it_says_so(as_admin: Visitor, redis_server: RedisServer) -> None:
    redis_server.kill()
    # That Redis answered is believed for a second.
    wait_until(lambda: as_admin.get("/rq/").status_code == 503, "the bad news")
    for path in PAGES:
        page = as_admin.get(path)
        assert page.status_code == 503 and "Redis does not answer" in page.words
        assert "Traceback" not in page.words


def test_the_password_of_redis_is_on_none_of_its_pages(
    make_app: AppMaker, as_admin: Visitor, redis_server: RedisServer
) -> None:
    redis_server.client.config_set("requirepass", "p@ss:w/rd")
    redis_server.client.connection_pool.connection_kwargs["password"] = "p@ss:w/rd"
    try:
        as_admin.application = make_app(
            REDIS_URL=redis_server.url.replace("127.0.0.1", ":p%40ss%3Aw%2Frd@127.0.0.1")
        )
        wait_until(lambda: as_admin.get("/rq/").status_code == 200, "Redis to be known to answer")
        for path in PAGES:
            page = as_admin.get(path)
            assert page.status_code == 200
            assert not any(part in page.get_data(as_text=True) for part in ("p@ss", "p%40ss", "w/rd", "w%2Frd"))
    finally:
        redis_server.client.config_set("requirepass", "")
        del redis_server.client.connection_pool.connection_kwargs["password"]


@pytest.mark.parametrize(
    ("url", "shown", "password"),
    [
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0", None),
        ("redis://:secret@[::1]:6379/0", "redis://[::1]:6379/0", "secret"),
        ("rediss://user:p%40ss@host/1", "rediss://user@host/1", "p@ss"),
        ("redis://host/0?password=secret&timeout=5", "redis://host/0?timeout=5", "secret"),
        ("unix://:secret@/run/redis.sock?db=1", "unix:///run/redis.sock?db=1", "secret"),
    ],
)
def test_a_url_loses_its_password_and_nothing_else(url: str, shown: str, password: str | None) -> None:
    assert without_password(url) == (shown, password)
