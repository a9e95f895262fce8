"""The first page: the figures, what to do next, what is under way; and the button that lets the account try again."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from mailer.domain.clock import database_now
from mailer.domain.holds import hold_account, hold_mailing, holds_on_account
from mailer.models.lanes import HoldKind
from mailer.models.users import User
from tests.support.factories import (
    client_of,
    clients_with,
    completed_mailing_of,
    mailing_of,
    message_of,
    started_mailing_of,
    suppress,
)
from tests.support.redis_server import RedisServer
from tests.support.visitor import Page, Visitor
from tests.support.waiting import wait_until
from tests.web.conftest import CountQueries


def figures_on(page: Page) -> dict[str, str]:
    return {figure.select("dt")[0].words: figure.select("dd")[0].words for figure in page.all(".figures > div")}


def tasks_on(page: Page) -> list[str]:
    return page.texts(".checks strong")


def test_a_newcomer_reads_what_to_do_first(as_alice: Visitor) -> None:
    page = as_alice.get("/")
    assert figures_on(page) == {"All mailings": "0", "Active mailings": "0", "Unique clients": "0"}
    assert tasks_on(page) == ["No client is on file yet", "No message is written yet"]
    assert [link["href"] for link in page.all(".checks a")] == ["/clients/new", "/messages/new"]
    assert "Nothing is being sent" in page.words and "Nothing is booked" in page.words


def test_the_figures_count_ones_own_things_only(
    as_alice: Visitor, session: Session, alice: User, bob: User
) -> None:
    completed_mailing_of(bob, accepted=3)
    clients_with(alice, "anna@example.org", "boris@example.org")
    suppress(alice, "boris@example.org")
    mailing_of(alice)
    completed_mailing_of(alice)
    held = started_mailing_of(alice)
    started_mailing_of(alice)
    hold_mailing(session, held.id, HoldKind.PAUSED, database_now(session), placed_by_id=alice.id)
    page = as_alice.get("/")
    assert figures_on(page) == {"All mailings": "4", "Active mailings": "2", "Unique clients": "3"}
    for words in ("1 completed, 1 not started", "1 sending, 1 held", "1 of them must not be written to"):
        assert words in page.words


def test_mailings_stand_under_what_they_are_doing(as_alice: Visitor, alice: User) -> None:
    client_of(alice)
    mailing_of(alice, message=message_of(alice, "Later"), starts_in=timedelta(days=2))
    mailing_of(alice, message=message_of(alice, "Soon"), starts_in=timedelta(hours=1))
    started_mailing_of(alice, message=message_of(alice, "Running"))
    completed_mailing_of(alice, accepted=2, failed=1, message=message_of(alice, "Over"))
    page = as_alice.get("/")
    assert page.texts("section[aria-labelledby=active] tbody th a") == ["Running"]
    assert page.texts("section[aria-labelledby=booked] tbody th a") == ["Soon", "Later"]
    assert page.texts("section[aria-labelledby=completed] tbody th a") == ["Over"]
    assert page.texts("section[aria-labelledby=completed] tbody td.num") == ["3", "2", "1", "–"]


def test_unknown_recipients_holds_and_unused_messages_need_a_look(
    as_alice: Visitor, session: Session, alice: User
) -> None:
    unknown = completed_mailing_of(alice, accepted=1, unknown=2, message=message_of(alice, "News"))
    held = started_mailing_of(alice, message=message_of(alice, "Sale"))
    hold_mailing(session, held.id, HoldKind.PAUSED, database_now(session), placed_by_id=alice.id)
    message_of(alice, "Written")
    page = as_alice.get("/")
    assert tasks_on(page) == [
        "2 recipients are unknown in News",
        "Sale stands still",
        "Written is written and not sent",
    ]
    assert page.all(".checks a")[0]["href"] == f"/mailings/{unknown.id}?state=unknown#recipients"
    assert "Paused by you" in page.one("section[aria-labelledby=active] .hold-line").get_text()


def test_the_page_asks_few_questions(
    as_alice: Visitor, alice: User, session: Session, count_queries: CountQueries
) -> None:
    for _ in range(3):
        mailing_of(alice)
        mailing_of(alice, clients=[client_of(alice)])
        completed_mailing_of(alice, unknown=1)
        mailing = started_mailing_of(alice)
        hold_mailing(session, mailing.id, HoldKind.PAUSED, database_now(session), placed_by_id=alice.id)
    with count_queries() as queries:
        as_alice.get("/")
    assert len(queries) <= 10


def test_without_redis_the_page_works_and_says_that_sending_waits(
    as_alice: Visitor, redis_server: RedisServer
) -> None:
    redis_server.kill()
    # That Redis answered is believed for a second.
    wait_until(lambda: "sending waits until it is back" in as_alice.get("/").words, "the warning")


def test_anonymous_visitors_go_to_the_login(anonymous: Visitor) -> None:
    assert anonymous.get("/").location.startswith("/auth/login")


# The account


@pytest.fixture
def held_account(session: Session) -> None:
    now = database_now(session)
    hold_account(session, HoldKind.LOGIN_REFUSED, now, reason="5.7.8 Wrong password", code=535, until=None)


@pytest.mark.usefixtures("held_account")
def test_a_hold_on_the_account_is_shown_with_its_reason_and_only_admins_may_lift_it(
    as_alice: Visitor, as_admin: Visitor
) -> None:
    for visitor, buttons in ((as_alice, 0), (as_admin, 1)):
        page = visitor.get("/")
        assert "the login was refused" in page.one(".hold h2").get_text()
        assert page.one(".hold .reply").get_text() == "535 5.7.8 Wrong password"
        assert len(page.all(".hold form[action='/account/release']")) == buttons


@pytest.mark.usefixtures("held_account")
def test_an_admin_tries_now_and_the_running_mailings_are_rung_for(
    as_admin: Visitor, session: Session, alice: User, redis_server: RedisServer
) -> None:
    started_mailing_of(alice)
    answer = as_admin.post("/account/release")
    assert answer.status_code == 303 and answer.location == "/"
    assert "One letter is being tried." in as_admin.get("/").words
    session.expire_all()
    assert not holds_on_account(session, database_now(session))
    assert redis_server.client.llen("rq:queue:lanes") == 1


@pytest.mark.usefixtures("held_account")
def test_where_no_mailing_waits_the_admin_gets_the_letter_that_tries(
    as_admin: Visitor, redis_server: RedisServer
) -> None:
    as_admin.post("/account/release")
    assert "A letter to you is being tried." in as_admin.get("/").words
    assert redis_server.client.llen("rq:queue:starts") == 1


def test_trying_an_account_that_is_not_held_changes_nothing(as_admin: Visitor) -> None:
    as_admin.post("/account/release")
    assert "The account is not held." in as_admin.get("/").words


@pytest.mark.usefixtures("held_account")
def test_nobody_else_may_lift_it(
    as_alice: Visitor, as_manager: Visitor, as_admin: Visitor, session: Session
) -> None:
    assert as_alice.post("/account/release").status_code == 404
    assert as_manager.post("/account/release").status_code == 404
    assert as_admin.get("/account/release").status_code == 405
    assert holds_on_account(session, database_now(session))


def test_a_standstill_is_told_on_the_first_page(
    as_alice: Visitor, alice: User, redis_server: RedisServer
) -> None:
    mailing_of(alice, starts_in=timedelta(minutes=-2))
    page = as_alice.get("/")
    assert "No worker lives" in page.words and "No scheduler lives" in page.words
    assert "1 mailing is due since" in page.words
    redis_server.client.set("mailer:scheduler", "1")
    redis_server.client.sadd("rq:workers", "rq:worker:one")
    redis_server.client.hset("rq:worker:one", "birth", "now")
    alice_page = as_alice.get("/")
    assert "lives" not in alice_page.words and "1 mailing is due since" in alice_page.words
