"""What managers see and do in everybody's mailings, and what the owners see of it."""

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.domain.clock import database_now
from mailer.domain.holds import hold_mailing, holds_on_mailing
from mailer.domain.moderation import block_user, unblock_user
from mailer.models.audit import AuditEntry
from mailer.models.lanes import HoldKind
from mailer.models.mailings import Mailing, MailingStatus
from mailer.models.users import User
from tests.support.factories import (
    client_of,
    clients_with,
    completed_mailing_of,
    mailing_of,
    message_of,
    started_mailing_of,
)
from tests.support.visitor import Visitor, visitor

SPAM = {"reason": "It reads like spam"}


def kinds_on(session: Session, mailing: Mailing) -> list[HoldKind]:
    session.commit()
    return [hold.kind for hold in holds_on_mailing(session, mailing.id, database_now(session))]


def test_managers_find_everybodys_mailings_with_their_owners(
    as_manager: Visitor, session: Session, alice: User, bob: User
) -> None:
    news, sale = mailing_of(alice, message=message_of(alice, "News")), started_mailing_of(bob)
    page = as_manager.get("/mailings/all")
    assert len(page.all("tbody tr")) == 2
    assert "Bob" in page.texts(f"#mailing-{sale.id}")[0] and "alice" in page.texts(f"#mailing-{news.id}")[0]
    hold_mailing(session, sale.id, HoldKind.DISABLED, database_now(session), placed_by_id=bob.id, reason="Spam")
    for query, found in (
        ("q=ALICE", {news}), ("q=news", {news}), ("status=started", {sale}), ("status=disabled", {sale}),
        ("status=completed", set()), ("status=created&q=bob", set()), ("status=x", {news, sale}),
    ):
        rows = {row["id"] for row in as_manager.get(f"/mailings/all?{query}").all("tbody tr")}
        assert rows == {f"mailing-{mailing.id}" for mailing in found}, query


def test_the_list_of_all_mailings_takes_few_queries(as_manager: Visitor, alice: User, count_queries: object) -> None:
    for _number in range(5):
        mailing_of(alice)
        started_mailing_of(alice)
    with count_queries() as queries:  # type: ignore[operator]
        as_manager.get("/mailings/all")
    assert len(queries) <= 9


def test_a_managers_own_list_and_home_hold_nothing_of_others(as_manager: Visitor, alice: User) -> None:
    mailing = started_mailing_of(alice)
    for path in ("/mailings/", "/", "/attempts/", "/reports/"):
        assert f"/mailings/{mailing.id}" not in as_manager.get(path).text


def test_a_manager_reads_the_message_and_the_recipients_and_finds_no_button_of_the_owners(
    as_manager: Visitor, alice: User
) -> None:
    clients = clients_with(alice, "anna@example.org")
    booked = mailing_of(alice, clients=clients)
    started = started_mailing_of(alice, message=message_of(alice, "Started", "Read me"), clients=clients)
    for mailing in (booked, started):
        page = as_manager.get(f"/mailings/{mailing.id}")
        assert "anna @example.org" in page.words and "alice@mailer.example" in page.words
        assert page.texts(".page-head .actions") == ["Disable…"]
        assert page.texts(".side [aria-current]") == ["All mailings"] and not page.has(".tabbar [aria-current]")
        assert len(page.all("a[href^='/clients/']")) == len(page.all("nav a[href^='/clients/']"))
    assert "Read me" in page.words
    assert as_manager.get(f"/mailings/{started.id}/message").text == "Read me"
    assert as_manager.get(f"/clients/{clients[0].id}").status_code == 404
    assert as_manager.get(f"/messages/{started.message_id}").status_code == 404


def test_the_pages_live_region_is_the_same_for_a_poll(as_manager: Visitor, alice: User) -> None:
    mailing = started_mailing_of(alice)
    for current in ("/mailings/all", "/mailings/", f"/mailings/{mailing.id}"):
        headers = {"HX-Current-URL": f"http://localhost{current}"}
        poll = as_manager.get(f"/mailings/{mailing.id}", htmx=True, headers=headers)
        assert poll.has("#live") and "Disable…" in poll.words and "Pause" not in poll.words


def test_an_owner_who_is_manager_keeps_the_buttons_of_an_owner(as_manager: Visitor, mary: User) -> None:
    page = as_manager.get(f"/mailings/{started_mailing_of(mary).id}")
    assert "Pause" in page.words and page.has("a[href$='/ask/finish']") and not page.has("a[href$='/ask/disable']")


@pytest.mark.parametrize("path", ["start", "pause", "resume", "finish", "resend", "delete", "edit"])
def test_a_manager_changes_nothing_in_anothers_mailing(
    as_manager: Visitor, session: Session, alice: User, path: str
) -> None:
    mailing = mailing_of(alice)
    before = mailing.start_time
    assert as_manager.post(f"/mailings/{mailing.id}/{path}", data={"name": "The shop moves"}).status_code == 403
    session.commit()
    session.refresh(mailing)
    assert (mailing.status, mailing.start_time, kinds_on(session, mailing)) == (MailingStatus.CREATED, before, [])


@pytest.mark.parametrize("make", [mailing_of, started_mailing_of])
def test_disabling_holds_a_mailing_with_the_reason_for_its_owner(
    as_manager: Visitor, as_alice: Visitor, session: Session, alice: User, make: object
) -> None:
    mailing = make(alice)  # type: ignore[operator]
    answer = as_manager.post(f"/mailings/{mailing.id}/disable", data=SPAM)
    assert (answer.status_code, answer.location) == (303, f"/mailings/{mailing.id}")
    assert kinds_on(session, mailing) == [HoldKind.DISABLED]
    hold = as_alice.get(f"/mailings/{mailing.id}").one(".hold.is-disabled")
    words = " ".join(hold.get_text(" ").split())
    assert "Disabled by Mary" in words and "Mary wrote: It reads like spam" in words
    assert hold.select(".bi-lock-fill")
    assert "Disabled: It reads like spam" in as_alice.get("/mailings/").words
    assert "Disabled: It reads like spam" in as_alice.get("/").words


def test_a_disabled_mailing_cannot_be_started_or_enabled_by_its_owner(
    as_manager: Visitor, as_alice: Visitor, session: Session, alice: User
) -> None:
    mailing = mailing_of(alice)
    as_manager.post(f"/mailings/{mailing.id}/disable", data=SPAM)
    page = as_alice.post(f"/mailings/{mailing.id}/start", follow_redirects=True)
    assert "cannot start" in page.words
    assert not page.has(f"form[action='/mailings/{mailing.id}/start']")
    assert as_alice.post(f"/mailings/{mailing.id}/enable").status_code == 403
    assert as_alice.post(f"/mailings/{mailing.id}/disable").status_code == 403
    as_alice.post(f"/mailings/{mailing.id}/pause")
    resumed = as_alice.post(f"/mailings/{mailing.id}/resume", follow_redirects=True)
    assert "It is still disabled" in resumed.words
    assert kinds_on(session, mailing) == [HoldKind.DISABLED]


def test_a_reason_may_be_left_out_and_a_bad_one_is_refused(as_manager: Visitor, session: Session, alice: User) -> None:
    mailing = mailing_of(alice)
    for reason in ("x" * 501, "two\nlines"):
        assert as_manager.post(f"/mailings/{mailing.id}/disable", data={"reason": reason}).status_code == 422
    assert kinds_on(session, mailing) == []
    assert as_manager.post(f"/mailings/{mailing.id}/disable").status_code == 303
    assert "No reason was given." in as_manager.get(f"/mailings/{mailing.id}").words


def test_enabling_lifts_only_what_a_manager_placed(as_manager: Visitor, session: Session, alice: User) -> None:
    mailing = started_mailing_of(alice)
    hold_mailing(session, mailing.id, HoldKind.PAUSED, database_now(session), placed_by_id=alice.id)
    as_manager.post(f"/mailings/{mailing.id}/disable", data=SPAM)
    assert "Enable" in as_manager.get(f"/mailings/{mailing.id}").texts(".page-head .actions")[0]
    assert as_manager.post(f"/mailings/{mailing.id}/enable").status_code == 303
    assert kinds_on(session, mailing) == [HoldKind.PAUSED]
    again = as_manager.post(f"/mailings/{mailing.id}/enable", follow_redirects=True)
    assert "is not disabled" in again.words
    actions = [entry.action for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.id))]
    assert actions == ["disable", "enable"]


def test_what_is_completed_cannot_be_disabled(as_manager: Visitor, session: Session, alice: User) -> None:
    mailing = completed_mailing_of(alice)
    page = as_manager.post(f"/mailings/{mailing.id}/disable", data=SPAM, follow_redirects=True)
    assert "nothing to disable" in page.words and kinds_on(session, mailing) == []
    assert as_manager.get(f"/mailings/{mailing.id}/ask/disable").location == f"/mailings/{mailing.id}"


def test_with_htmx_disabling_changes_the_live_region(as_manager: Visitor, alice: User) -> None:
    mailing = started_mailing_of(alice)
    question = as_manager.get(f"/mailings/{mailing.id}/ask/disable", htmx=True)
    assert question.has("form[hx-target='#live'] #reason") and not question.has("html")
    answer = as_manager.post(f"/mailings/{mailing.id}/disable", data=SPAM, htmx=True)
    assert answer.status_code == 200 and answer.has("#live .hold.is-disabled")


def test_after_an_unblock_the_owner_sees_why_each_mailing_is_held_and_resumes_it(
    app: Flask, session: Session, alice: User, mary: User
) -> None:
    mailing = started_mailing_of(alice)
    block_user(session, alice.id, mary, "It reads like spam", database_now(session))
    as_mary = visitor(app, session, mary)
    assert "its owner was blocked by Mary" in as_mary.get(f"/mailings/{mailing.id}").words
    unblock_user(session, alice.id, mary)
    session.refresh(alice)
    as_alice = visitor(app, session, alice)
    page = as_alice.get(f"/mailings/{mailing.id}")
    hold = " ".join(page.one(".hold.is-disabled").get_text(" ").split())
    assert "your account was blocked by Mary" in hold and "Mary wrote: It reads like spam" in hold
    assert "Resume" in page.texts(".page-head .actions")[0]
    assert kinds_on(session, mailing) == [HoldKind.OWNER_BLOCKED]
    assert as_alice.post(f"/mailings/{mailing.id}/resume").status_code == 303
    assert kinds_on(session, mailing) == []


def test_a_mailing_takes_nobody_elses_message_and_clients(
    as_bob: Visitor, session: Session, alice: User, bob: User
) -> None:
    hers, her_client = message_of(alice, "Hers alone"), client_of(alice)
    his, his_client = message_of(bob), client_of(bob)
    session.commit()
    window = {"start_time": "2999-01-01T10:00", "end_time": "2999-01-02T10:00"}
    ids = {"message_id": str(his.id), "client_ids": str(his_client.id)}
    for forged in ({"message_id": str(hers.id)}, {"client_ids": str(her_client.id)}):
        answer = as_bob.post("/mailings/new", data={"audience": "selected", **window, **ids, **forged})
        assert answer.status_code == 422 and "Hers alone" not in answer.words, forged
    booked = as_bob.post(
        "/mailings/new",
        data={"audience": "selected", **window, **ids, "client_ids": [str(his_client.id), str(her_client.id)]},
    )
    page = as_bob.get(booked.location)
    assert her_client.email.partition("@")[0] not in page.words and his_client.email.partition("@")[0] in page.words
