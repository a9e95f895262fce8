"""What monitoring counts, added up in Redis over all processes."""

import pytest

from mailer.delivery.jobs import deliver
from mailer.delivery.queues import redis_connection
from mailer.delivery.tallies import Teller, Times, read_tallies
from mailer.models.users import User
from tests.delivery.conftest import Deliver
from tests.support.factories import clients_with, session_of, started_mailing_of
from tests.support.redis_server import RedisServer
from tests.support.smtp_server import SmtpServer

NOTHING_LISTENS_HERE = "redis://127.0.0.1:1/0"


def test_times_are_counted_by_classes_whose_bound_belongs_to_them() -> None:
    times = Times("answers", (0.1, 1.0))
    for seconds in (0.05, 0.1, 0.5, 7.0):
        times.observe(seconds)
    tallies = times.tallies()
    assert tallies.pop("answers|sum") == pytest.approx(7.65)
    assert tallies == {"answers|0.1": 2, "answers|1.0": 1, "answers|+Inf": 1}


@pytest.mark.one_database("it is about Redis")
def test_only_what_is_new_is_passed_on_by_each_process(redis_server: RedisServer) -> None:
    one, other = Teller(), Teller()
    one.tell(redis_server.client, {"letters|accepted": 3})
    one.tell(redis_server.client, {"letters|accepted": 5, "answers|sum": 0.25})
    one.tell(redis_server.client, {"letters|accepted": 5, "answers|sum": 0.25})
    other.tell(redis_server.client, {"letters|accepted": 2})
    assert read_tallies(redis_server.client) == {"letters|accepted": 7, "answers|sum": 0.25}


@pytest.mark.one_database("it is about Redis")
def test_what_could_not_be_passed_on_is_not_lost(
    app_context: None, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    teller, connection = Teller(), redis_connection()
    with monkeypatch.context() as away:
        away.setitem(connection.connection_pool.connection_kwargs, "port", 1)
        teller.tell(connection, {"letters|accepted": 3})
    teller.tell(redis_connection(), {"letters|accepted": 4})
    assert read_tallies(redis_server.client) == {"letters|accepted": 4}


def test_a_worker_counts_its_letters_by_verdict_and_times_the_answers(
    app_context: None, alice: User, redis_server: RedisServer, smtp_server: SmtpServer
) -> None:
    emails = ("ok1@example.org", "ok2@example.org", "user-unknown1@example.org")
    mailing = started_mailing_of(alice, clients=clients_with(alice, *emails))
    session_of(mailing).commit()
    deliver(mailing.id)
    tallies = read_tallies(redis_server.client)
    assert {name: count for name, count in tallies.items() if name.startswith("letters")} == {
        "letters|accepted": 2,
        "letters|recipient": 1,
    }
    # Whoever is unknown was refused before there was a letter.
    assert sum(count for name, count in tallies.items() if name.startswith("answers") and "sum" not in name) == 2
    assert 0 < tallies["answers|sum"] < 60


def test_a_lane_needs_no_redis_for_it(
    app_context: None, alice: User, smtp_server: SmtpServer, deliver: Deliver
) -> None:
    mailing = started_mailing_of(alice, clients=clients_with(alice, "ok1@example.org"))
    deliver(mailing, REDIS_URL=NOTHING_LISTENS_HERE)
    assert smtp_server.ledger.copies() == {"ok1@example.org": 1}
