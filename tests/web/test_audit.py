"""The audit log's page, and what the acts of people leave in it."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.delivery.starting import start_now
from mailer.domain.audit import COMMAND_LINE, Actor, Thing, record
from mailer.domain.clock import database_now
from mailer.domain.holds import hold_account, hold_mailing
from mailer.models.audit import Action, AuditEntry, ThingKind
from mailer.models.lanes import HoldKind
from mailer.models.users import User
from tests.support.application import AppMaker
from tests.support.factories import client_of, completed_mailing_of, mailing_of, message_of, started_mailing_of
from tests.support.visitor import Visitor, visitor

MARY = Actor("192.0.2.7", 3, "mary@mailer.example")


@pytest.fixture
def now(session: Session) -> datetime:
    return database_now(session)


def lines(session: Session) -> list[tuple[str, str, str, str]]:
    session.commit()
    entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
    return [(entry.actor_email, entry.action, entry.thing_name, entry.place) for entry in entries]


def test_the_newest_line_stands_first(as_admin: Visitor, session: Session, now: datetime) -> None:
    record(session, Action.DISABLE, MARY, now, Thing(ThingKind.MAILING, "News", 31), "It reads like spam")
    record(session, Action.CREATE_USER, COMMAND_LINE, now, Thing(ThingKind.USER, "bob@mailer.example", 2))
    page = as_admin.get("/audit/")
    first, second = page.texts("tbody tr")
    assert "command line" in first and "made an account" in first and "user 2" in first
    assert all(words in second for words in ("disabled", "It reads like spam", "News", "mailing 31", "192.0.2.7"))


@pytest.mark.parametrize("visitor_name", ["as_manager", "as_alice"])
def test_nobody_but_an_admin_learns_that_there_is_a_log(visitor_name: str, request: pytest.FixtureRequest) -> None:
    assert request.getfixturevalue(visitor_name).get("/audit/").status_code == 404


def test_anonymous_visitors_are_asked_to_sign_in(anonymous: Visitor) -> None:
    assert anonymous.get("/audit/").location.startswith("/auth/login")


def test_nothing_can_be_posted_to_the_log(as_admin: Visitor) -> None:
    assert as_admin.post("/audit/").status_code == 405


def test_the_log_is_searched_by_person_action_thing_and_day(as_admin: Visitor, session: Session, now: datetime) -> None:
    record(session, Action.DISABLE, MARY, now, Thing(ThingKind.MAILING, "News", 31), "Spam")
    record(session, Action.LOGIN, Actor("198.51.100.1", 2, "bob@mailer.example"), now)
    today = now.date().isoformat()
    for query, count in (
        ("q=MARY@", 1),
        ("q=spam", 1),
        ("action=login", 1),
        ("action=nonsense", 2),
        ("thing=mailing", 1),
        ("thing=mailing-31", 1),
        ("thing=mailing-32", 0),
        ("thing=mailing-x", 1),
        (f"from={today}&to={today}", 2),
        ("to=2020-01-01", 0),
    ):
        assert len(as_admin.get(f"/audit/?{query}").all("tbody tr")) == count, query


def test_a_line_leads_to_all_that_was_done_to_its_thing(as_admin: Visitor, session: Session, now: datetime) -> None:
    for id_ in (30, 31, 31):
        record(session, Action.PAUSE, MARY, now, Thing(ThingKind.MAILING, "News", id_))
    link = as_admin.get("/audit/").all("tbody a")[0]
    page = as_admin.get(str(link["href"]))
    assert len(page.all("tbody tr")) == 2
    assert page.one("#thing option[selected]").get_text() == "mailing 31"


def test_a_day_that_is_none_is_told_at_the_form(as_admin: Visitor) -> None:
    answer = as_admin.get("/audit/?from=yesterday")
    assert answer.status_code == 422
    assert "Give a date" in answer.words


def test_the_log_turns_its_pages_by_keyset(as_admin: Visitor, session: Session, now: datetime) -> None:
    for number in range(60):
        record(session, Action.LOGIN, Actor(f"192.0.2.{number}", 2, "bob@mailer.example"), now)
    page = as_admin.get("/audit/")
    assert "1–50 of 60" in page.one(".pager").get_text()
    following = as_admin.get(str(page.one(".pager a.btn")["href"]), htmx=True)
    assert len(following.all("tbody tr")) == 10 and not following.has("html")


def test_markup_in_a_name_stays_text(as_admin: Visitor, session: Session, now: datetime) -> None:
    record(session, Action.LOGIN_FAILED, Actor("<b>", email="<script>@x"), now, note="<script>alert(1)</script>")
    page = as_admin.get("/audit/")
    assert not any("alert" in script.get_text() for script in page.all("script")) and not page.has("tbody b")


Act = Callable[[Session, User, datetime], tuple[str, dict[str, str]]]


def start(session: Session, alice: User, now: datetime) -> tuple[str, dict[str, str]]:
    return f"/mailings/{mailing_of(alice).id}/start", {}


def pause(session: Session, alice: User, now: datetime) -> tuple[str, dict[str, str]]:
    return f"/mailings/{started_mailing_of(alice).id}/pause", {}


def resume(session: Session, alice: User, now: datetime) -> tuple[str, dict[str, str]]:
    mailing = started_mailing_of(alice)
    hold_mailing(session, mailing.id, HoldKind.PAUSED, now, placed_by_id=alice.id)
    return f"/mailings/{mailing.id}/resume", {}


def finish(session: Session, alice: User, now: datetime) -> tuple[str, dict[str, str]]:
    return f"/mailings/{started_mailing_of(alice).id}/finish", {}


def resend(session: Session, alice: User, now: datetime) -> tuple[str, dict[str, str]]:
    return f"/mailings/{completed_mailing_of(alice, failed=1).id}/resend", {}


def delete_mailing(session: Session, alice: User, now: datetime) -> tuple[str, dict[str, str]]:
    return f"/mailings/{mailing_of(alice).id}/delete", {}


def delete_message(session: Session, alice: User, now: datetime) -> tuple[str, dict[str, str]]:
    return f"/messages/{message_of(alice).id}/delete", {}


def delete_client(session: Session, alice: User, now: datetime) -> tuple[str, dict[str, str]]:
    return f"/clients/{client_of(alice, 'anna@example.org').id}/delete", {}


@pytest.mark.parametrize(
    ("act", "action", "thing"),
    [
        (start, Action.START, "The shop moves"),
        (pause, Action.PAUSE, "The shop moves"),
        (resume, Action.RESUME, "The shop moves"),
        (finish, Action.FINISH, "The shop moves"),
        (resend, Action.RESEND, "The shop moves"),
        (delete_mailing, Action.DELETE, "The shop moves"),
        (delete_message, Action.DELETE, "The shop moves"),
        (delete_client, Action.DELETE, "anna@example.org"),
    ],
)
def test_what_an_owner_does_is_written_down(
    as_alice: Visitor, session: Session, alice: User, now: datetime, act: Act, action: Action, thing: str
) -> None:
    url, fields = act(session, alice, now)
    assert as_alice.post(url, data=fields).status_code == 303
    assert lines(session) == [("alice@mailer.example", action, thing, "127.0.0.1")]


def test_what_is_refused_leaves_no_line(as_alice: Visitor, session: Session, alice: User) -> None:
    mailing = mailing_of(alice)
    session.commit()
    as_alice.post(f"/mailings/{mailing.id}/resume")
    as_alice.post(f"/mailings/{mailing.id}/finish")
    as_alice.post(f"/mailings/{mailing.id}/resend")
    assert as_alice.post(f"/messages/{mailing.message_id}/delete").status_code == 422
    started = started_mailing_of(alice)
    as_alice.post(f"/mailings/{started.id}/start")
    assert as_alice.post(f"/mailings/{started.id}/delete", data={"name": "wrong"}).status_code == 422
    assert lines(session) == []


def test_who_lifts_the_accounts_hold_is_written_down(as_admin: Visitor, session: Session, now: datetime) -> None:
    as_admin.post("/account/release")
    assert lines(session) == []
    hold_account(session, HoldKind.LOGIN_REFUSED, now, reason="no", code=535, until=None)
    as_admin.post("/account/release")
    assert lines(session) == [("adam@mailer.example", Action.RELEASE, "127.0.0.1", "127.0.0.1")]


def test_a_forwarded_address_is_believed_only_from_a_trusted_proxy(
    make_app: AppMaker, session: Session, alice: User
) -> None:
    forged = {"X-Forwarded-For": "203.0.113.9"}
    for proxies, place in (("0", "127.0.0.1"), ("1", "203.0.113.9")):
        browser = visitor(make_app(TRUSTED_PROXIES=proxies), session, alice)
        browser.post(f"/clients/{client_of(alice).id}/delete", headers=forged)
        assert lines(session)[-1][3] == place


def test_the_schedule_is_named_where_nobody_asked_for_the_start(
    app: Flask, as_alice: Visitor, session: Session, alice: User
) -> None:
    asked = mailing_of(alice, message=message_of(alice, "Asked for"))
    due = mailing_of(alice, message=message_of(alice, "Due"), starts_in=timedelta())
    as_alice.post(f"/mailings/{asked.id}/start")
    for mailing_id in (asked.id, due.id):
        session.commit()
        with app.app_context():
            start_now(mailing_id)
    assert lines(session) == [
        ("alice@mailer.example", Action.START, "Asked for", "127.0.0.1"),
        ("", Action.START, "Due", "schedule"),
    ]
