"""No password of ours is told by a failed job on the dashboard, by /healthz, or by a setting that is refused."""

import logging

import pytest
from redis import Redis
from rq import Queue, SimpleWorker
from sqlalchemy.orm import Session

from mailer.config import ConfigError, load_settings
from mailer.delivery.jobs import deliver, start_mailing
from mailer.models.users import User
from tests.support.application import AppMaker
from tests.support.factories import started_mailing_of
from tests.support.redis_server import RedisServer
from tests.support.visitor import visitor
from tests.support.waiting import wait_until

SECRETS = {
    "SECRET_KEY": "s3cr3t-key",
    "MAIL_USERNAME": "shop@mailer.example",
    "MAIL_PASSWORD": "s3cr3t-mail",
}
DATABASE_URL = "postgresql://mailer:s3cr3t-database@127.0.0.1:1/mailer"


@pytest.mark.one_database("the database that fails is another one")
def test_a_failed_job_and_health_tell_no_secret(
    make_app: AppMaker,
    redis_server: RedisServer,
    session: Session,
    adam: User,
    alice: User,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    mailing_id = started_mailing_of(alice).id
    session.commit()
    settings = SECRETS | {"REDIS_URL": redis_server.url.replace("127.0.0.1", ":s3cr3t-redis@127.0.0.1")}
    redis_server.client.config_set("requirepass", "s3cr3t-redis")
    redis = Redis.from_url(settings["REDIS_URL"])
    try:
        queue = Queue("lanes", connection=redis)
        jobs = [queue.enqueue(job, mailing_id) for job in (start_mailing, deliver)]
        broken = make_app(**settings, DATABASE_URL=DATABASE_URL)
        with broken.app_context():
            SimpleWorker([queue], connection=redis).work(burst=True)
        assert [job.get_status(refresh=True) for job in jobs] == ["failed", "failed"]
        assert visitor(broken).get("/healthz").status_code == 503
        told = visitor(broken).get("/healthz").text + visitor(broken).get("/clients/").text
        admin = visitor(make_app(**settings), session, adam)
        wait_until(lambda: admin.get("/rq/").status_code == 200, "Redis to be known to answer")
        for job in jobs:
            page, data = admin.get(f"/rq/0/view/job/{job.id}"), admin.get(f"/rq/0/data/job/{job.id}.json")
            assert page.status_code == data.status_code == 200
            assert "OperationalError" in data.text
            told += page.text + data.text
        told += admin.get("/rq/0/data/jobs/lanes/failed/8/asc/1.json").text + admin.get("/rq/").text
    finally:
        redis.config_set("requirepass", "")
        redis.close()
    told += "".join(capfd.readouterr()) + caplog.text
    assert "s3cr3t" not in told


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REDIS_URL", "redis://:s3cr3t/word@127.0.0.1:6379/0"),
        ("REDIS_URL", "redis://:12#s3cr3t@127.0.0.1:6379/0"),
        ("REDIS_URL", "redis://:s3cr3t[@127.0.0.1:6379/0"),
        ("REDIS_URL", "s3cr3t://:s3cr3t@127.0.0.1:6379/0"),
        ("REDIS_URL", "s3cr3t"),
        ("DATABASE_URL", "mysql://mailer:s3cr3t@127.0.0.1/mailer"),
        ("DATABASE_URL", "postgresql://mailer:word@127.0.0.1:s3cr3t/mailer"),
    ],
)
def test_a_setting_that_is_refused_is_named_and_its_value_is_not(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name) as refused:
        load_settings({"SECRET_KEY": "unused", name: value})
    assert "s3cr3t" not in str(refused.value)
    # Nor by the error that it came from, which a traceback would show.
    assert refused.value.__context__ is None or refused.value.__suppress_context__


@pytest.mark.parametrize(
    "url",
    ["redis://127.0.0.1:6379/0", "rediss://user:p%40%2Fss@host/1", "unix:///run/redis.sock?db=1", "redis://[::1]:1"],
)
def test_a_url_of_redis_is_taken_as_it_is(url: str) -> None:
    assert load_settings({"SECRET_KEY": "unused", "REDIS_URL": url})["REDIS_URL"] == url
