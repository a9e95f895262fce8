"""Start, pause, resume and finish: what they do, what they refuse, and that a second press is harmless."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from mailer.domain.clock import database_now
from mailer.domain.holds import hold_mailing, holds_on_mailing
from mailer.models.clients import Client
from mailer.models.lanes import HoldKind
from mailer.models.mailings import Mailing, MailingStatus, RecipientState
from mailer.models.users import User
from tests.support.factories import (
    client_of,
    clients_with,
    completed_mailing_of,
    mailing_of,
    message_of,
    recipients_of,
    started_mailing_of,
    states_of,
    suppress,
)
from tests.support.redis_server import RedisServer
from tests.support.visitor import Visitor

ACTIONS = ("start", "pause", "resume", "finish")


@pytest.fixture
def booked(alice: User) -> Mailing:
    return mailing_of(alice)


@pytest.fixture
def running(alice: User) -> Mailing:
    return started_mailing_of(alice, clients=[client_of(alice), client_of(alice)])


def press(visitor: Visitor, mailing: Mailing, action: str) -> str:
    """What the page says after the button was pressed without JavaScript."""
    answer = visitor.post(f"/mailings/{mailing.id}/{action}")
    assert answer.status_code == 303 and answer.location == f"/mailings/{mailing.id}"
    return str(visitor.get(answer.location).one("#toasts").get_text(" ", strip=True))


def is_held(session: Session, mailing: Mailing) -> bool:
    session.expire_all()
    return bool(holds_on_mailing(session, mailing.id, database_now(session)))


# Start


def test_start_brings_the_start_time_to_now_and_rings(
    as_alice: Visitor, session: Session, booked: Mailing, redis_server: RedisServer
) -> None:
    assert press(as_alice, booked, "start") == "It starts now."
    session.refresh(booked)
    assert booked.start_time <= database_now(session)
    assert redis_server.client.llen("rq:queue:starts") == 1


def test_starting_twice_is_harmless(as_alice: Visitor, session: Session, booked: Mailing) -> None:
    assert press(as_alice, booked, "start") == press(as_alice, booked, "start") == "It starts now."
    session.refresh(booked)
    assert booked.status is MailingStatus.CREATED


def test_a_mailing_under_way_does_not_start_again(as_alice: Visitor, running: Mailing) -> None:
    assert press(as_alice, running, "start") == "This mailing has started already."


def test_a_completed_mailing_does_not_start_again(as_alice: Visitor, alice: User) -> None:
    words = press(as_alice, completed_mailing_of(alice), "start")
    assert words == "This mailing is completed. It can be sent again to those who did not get it."


def test_a_held_mailing_does_not_start(as_alice: Visitor, session: Session, booked: Mailing) -> None:
    press(as_alice, booked, "pause")
    assert "it cannot start" in press(as_alice, booked, "start")
    session.refresh(booked)
    assert booked.start_time > database_now(session)


def test_a_mailing_whose_window_is_over_does_not_start(as_alice: Visitor, alice: User, session: Session) -> None:
    mailing = mailing_of(alice)
    now = database_now(session)
    mailing.start_time, mailing.end_time = now - timedelta(hours=2), now - timedelta(hours=1)
    assert "Its window was over at" in press(as_alice, mailing, "start")


def test_a_mailing_to_nobody_does_not_start(as_alice: Visitor, alice: User, session: Session) -> None:
    client = client_of(alice)
    mailing = mailing_of(alice, clients=[client])
    session.delete(session.get_one(Client, client.id))
    assert "Nobody would be written to" in press(as_alice, mailing, "start")


def test_without_redis_the_start_is_kept_and_the_page_says_that_it_waits(
    as_alice: Visitor, session: Session, booked: Mailing, redis_server: RedisServer
) -> None:
    redis_server.kill()
    assert "sending waits until it is back" in press(as_alice, booked, "start")
    session.refresh(booked)
    assert booked.start_time <= database_now(session)


# Pause and resume


def test_a_mailing_held_for_its_failures_shows_the_figures_and_is_resumed_by_its_owner(
    as_alice: Visitor, session: Session, running: Mailing
) -> None:
    hold_mailing(session, running.id, HoldKind.BAD_RESULTS, database_now(session), reason="40 9 3")
    page = as_alice.get(f"/mailings/{running.id}")
    assert "Of the last 40 letters 12 failed: 9 for the address, 3 for the text." in page.words
    assert page.has(f"form[action='/mailings/{running.id}/resume']")
    assert press(as_alice, running, "resume") == "Resumed. Sending goes on."


def test_pause_holds_the_mailing_with_its_owner_and_resume_lifts_it(
    as_alice: Visitor, session: Session, alice: User, running: Mailing, redis_server: RedisServer
) -> None:
    assert "Paused." in press(as_alice, running, "pause")
    (hold,) = holds_on_mailing(session, running.id, database_now(session))
    assert (hold.kind, hold.placed_by_id) == (HoldKind.PAUSED, alice.id)
    assert press(as_alice, running, "resume") == "Resumed. Sending goes on."
    assert not is_held(session, running)
    assert redis_server.client.llen("rq:queue:lanes") == 1


def test_pausing_and_resuming_twice_is_harmless(as_alice: Visitor, session: Session, running: Mailing) -> None:
    press(as_alice, running, "pause")
    assert press(as_alice, running, "pause") == "This mailing is paused already."
    press(as_alice, running, "resume")
    assert press(as_alice, running, "resume") == "This mailing is not paused."
    assert not is_held(session, running)


def test_a_booked_mailing_can_be_paused_and_keeps_its_time(as_alice: Visitor, booked: Mailing) -> None:
    press(as_alice, booked, "pause")
    assert press(as_alice, booked, "resume").startswith("Resumed. It starts by itself:")


def test_resuming_a_booked_mailing_whose_time_has_come_starts_it(
    as_alice: Visitor, session: Session, booked: Mailing, redis_server: RedisServer
) -> None:
    press(as_alice, booked, "pause")
    booked.start_time = database_now(session) - timedelta(minutes=1)
    assert press(as_alice, booked, "resume") == "Resumed. It starts now."
    assert redis_server.client.llen("rq:queue:starts") == 1


def test_a_completed_mailing_cannot_be_paused(as_alice: Visitor, session: Session, alice: User) -> None:
    mailing = completed_mailing_of(alice)
    assert press(as_alice, mailing, "pause") == "This mailing is completed, so there is nothing to pause."
    assert not is_held(session, mailing)


def test_the_owner_cannot_lift_what_a_manager_has_disabled(
    as_alice: Visitor, session: Session, mary: User, running: Mailing
) -> None:
    now = database_now(session)
    hold_mailing(session, running.id, HoldKind.DISABLED, now, placed_by_id=mary.id, reason="wrong prices")
    assert press(as_alice, running, "resume") == "This mailing is not paused."
    assert is_held(session, running)


# Finish


def test_finish_expires_the_pending_and_completes(as_alice: Visitor, session: Session, running: Mailing) -> None:
    assert press(as_alice, running, "finish").startswith("Finished.")
    session.refresh(running)
    assert running.status is MailingStatus.COMPLETED
    assert set(states_of(running).values()) == {"expired"}


def test_letters_on_their_way_are_waited_for(as_alice: Visitor, session: Session, running: Mailing) -> None:
    recipients_of(running)[0].state = RecipientState.BEGUN
    press(as_alice, running, "finish")
    session.refresh(running)
    assert running.status is MailingStatus.STARTED
    assert sorted(states_of(running).values()) == ["begun", "expired"]


def test_finishing_twice_is_harmless(as_alice: Visitor, running: Mailing) -> None:
    press(as_alice, running, "finish")
    assert press(as_alice, running, "finish") == "This mailing is completed already."


def test_a_mailing_that_has_not_started_cannot_be_finished(as_alice: Visitor, booked: Mailing) -> None:
    assert "has not started, so there is nothing to finish" in press(as_alice, booked, "finish")
    assert as_alice.get(f"/mailings/{booked.id}/ask/finish").status_code == 303


def test_the_question_before_finishing_says_how_many_expire(as_alice: Visitor, running: Mailing) -> None:
    recipients_of(running)[0].state = RecipientState.BEGUN
    page = as_alice.get(f"/mailings/{running.id}/ask/finish")
    assert "1 pending recipient becomes expired" in page.words and "The 1 letter being sent goes out." in page.words
    assert page.one("form[action$=finish] button").get_text() == "Finish for 1 recipient"


# All of them


@pytest.mark.parametrize("action", ACTIONS)
def test_htmx_gets_the_live_region_and_a_toast(as_alice: Visitor, running: Mailing, action: str) -> None:
    page = as_alice.post(f"/mailings/{running.id}/{action}", htmx=True)
    assert page.status_code == 200 and page.has("#live") and not page.has("html")
    assert "toast" in page.headers["HX-Trigger"]


@pytest.mark.parametrize("action", [*ACTIONS, "resend"])
def test_a_get_changes_nothing(as_alice: Visitor, running: Mailing, action: str) -> None:
    assert as_alice.get(f"/mailings/{running.id}/{action}").status_code == 405


@pytest.mark.parametrize("action", [*ACTIONS, "resend"])
def test_somebody_elses_mailing_is_not_found(as_bob: Visitor, running: Mailing, action: str) -> None:
    assert as_bob.post(f"/mailings/{running.id}/{action}").status_code == 404


@pytest.mark.parametrize("action", [*ACTIONS, "resend"])
def test_anonymous_visitors_go_to_the_login(anonymous: Visitor, running: Mailing, action: str) -> None:
    assert anonymous.post(f"/mailings/{running.id}/{action}").location.startswith("/auth/login")


def test_before_a_start_by_hand_subject_exact_count_and_window_are_asked_about(
    as_alice: Visitor, alice: User
) -> None:
    clients_with(alice, "anna@example.org", "boris@example.org", "vera@example.org")
    suppress(alice, "vera@example.org")
    mailing = mailing_of(alice, message=message_of(alice, "Spring"))
    link = as_alice.get(f"/mailings/{mailing.id}").one("#primary")
    question = as_alice.get(link["href"])
    assert question.one("#question").get_text() == "Start “Spring” now?"
    assert question.one("main form button[type=submit]").get_text() == "Send 2 letters"
    assert "1 client is left out" in question.words and "from now to" in question.words
    answer = as_alice.post(question.one("main form")["action"], data=question.fields())
    assert answer.status_code == 303
    assert as_alice.get(f"/mailings/{mailing.id}/ask/start", htmx=True).one("form")["hx-target"] == "#live"


def test_a_started_mailing_is_not_asked_about_again(as_alice: Visitor, alice: User) -> None:
    mailing = started_mailing_of(alice)
    answer = as_alice.get(f"/mailings/{mailing.id}/ask/start")
    assert (answer.status_code, answer.location) == (303, f"/mailings/{mailing.id}")
