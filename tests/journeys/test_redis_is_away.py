"""While Redis is away every page works, and what people ask for is done when it is back."""

import pytest
from sqlalchemy.orm import Session

from mailer.models.mailings import MailingStatus
from mailer.models.users import User
from tests.journeys.steps import Watcher, addresses, assert_books_agree
from tests.support.factories import clients_with, mailing_of
from tests.support.processes import Processes
from tests.support.redis_server import RedisServer
from tests.support.smtp_server import SmtpServer
from tests.support.visitor import Visitor
from tests.support.waiting import wait_until

RECIPIENTS = 5


@pytest.fixture
def without_redis(redis_server: RedisServer, as_alice: Visitor) -> RedisServer:
    """The killed server, once the app has noticed: it asks once a second at most."""
    redis_server.kill()
    wait_until(lambda: as_alice.get("/healthz").status_code == 503, "the app to notice that Redis is away")
    return redis_server


PAGES = ["/", "/clients/", "/messages/", "/mailings/", "/mailings/new", "/attempts/", "/reports/"]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_works(as_alice: Visitor, alice: User, without_redis: RedisServer, path: str) -> None:
    mailing_of(alice)
    assert as_alice.get(path).status_code == 200


def test_the_pages_where_people_wait_say_that_sending_waits(
    as_alice: Visitor, alice: User, without_redis: RedisServer
) -> None:
    mailing = mailing_of(alice)
    for path in ("/", f"/mailings/{mailing.id}"):
        assert "sending waits" in as_alice.get(path).words
    assert as_alice.get("/healthz").json["redis"] is False


def test_a_start_by_the_button_is_kept_and_done_when_redis_is_back(
    session: Session,
    as_alice: Visitor,
    alice: User,
    without_redis: RedisServer,
    processes: Processes,
    smtp_server: SmtpServer,
) -> None:
    mailing = mailing_of(alice, clients=clients_with(alice, *addresses(RECIPIENTS)))
    watcher = Watcher(session, mailing)
    page = as_alice.post(f"/mailings/{mailing.id}/start", follow_redirects=True)
    assert (page.status_code, "sending waits" in page.words) == (200, True)
    assert watcher.mailing.status is MailingStatus.CREATED

    without_redis.start()
    processes.start_worker()
    processes.start_scheduler()
    assert watcher.wait_until_completed().accepted == RECIPIENTS
    assert_books_agree(watcher, smtp_server.ledger)
    wait_until(lambda: as_alice.get("/healthz").status_code == 200, "the app to notice that Redis is back")
    assert "sending waits" not in as_alice.get(f"/mailings/{mailing.id}").words
