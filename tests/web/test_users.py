"""The list of users, blocking and unblocking, and roles."""

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.domain.clock import database_now
from mailer.domain.moderation import block_user, unblock_user
from mailer.models.audit import AuditEntry
from mailer.models.users import Role, User
from tests.support.factories import PASSWORD, client_of, mailing_of, message_of, started_mailing_of, user_of
from tests.support.visitor import Visitor, visitor

SPAM = {"reason": "It reads like spam"}


def renewed(session: Session, user: User) -> User:
    session.commit()
    session.refresh(user)
    return user


def log(session: Session) -> list[tuple[str, str, str, str]]:
    session.commit()
    entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
    return [(entry.actor_email, entry.action, entry.thing_name, entry.note) for entry in entries]


def test_the_list_shows_everybody_with_role_and_counts(as_manager: Visitor, alice: User, adam: User) -> None:
    mailing_of(alice)
    client_of(alice)
    page = as_manager.get("/users/")
    assert page.texts(f"#user-{alice.id} td")[:3] == ["User", "1", "2"]
    assert page.texts(f"#user-{adam.id} td")[:3] == ["Admin", "0", "0"]
    assert "3 users" in page.words


def test_a_column_that_begins_with_the_newest_says_that_it_falls(as_manager: Visitor, alice: User) -> None:
    assert as_manager.get("/users/").one("thead [aria-sort]")["aria-sort"] == "descending"
    assert as_manager.get("/users/?sort=-newest").one("thead [aria-sort]")["aria-sort"] == "ascending"
    assert as_manager.get("/users/?sort=email").one("thead [aria-sort]")["aria-sort"] == "ascending"


def test_the_list_is_searched_and_filtered(as_admin: Visitor, session: Session, alice: User, mary: User) -> None:
    user_of(session, "anna@example.org", "Анна Белова")
    found = {"q=БЕЛОВА": 1, "q=mailer.example": 3, "only=manager": 1, "only=blocked": 0, "only=x": 4}
    for query, count in found.items():
        assert len(as_admin.get(f"/users/?{query}").all("tbody tr")) == count, query


def test_a_long_list_has_pages_and_few_queries(as_admin: Visitor, session: Session, count_queries: object) -> None:
    for number in range(60):
        user_of(session, f"user{number}@example.org")
    page = as_admin.get("/users/?sort=email")
    assert len(page.all("tbody tr")) == 50
    assert len(as_admin.get(str(page.one(".pager a.btn")["href"])).all("tbody tr")) == 11
    with count_queries() as queries:  # type: ignore[operator]
        as_admin.get("/users/")
    assert len(queries) <= 8


def test_buttons_are_offered_to_those_who_may(
    as_manager: Visitor, as_admin: Visitor, alice: User, mary: User, adam: User
) -> None:
    assert [words for words in as_manager.get("/users/").texts("tbody td:last-child") if words] == ["Block…"]
    as_seen_by_admin = as_admin.get("/users/")
    assert as_seen_by_admin.texts(f"#user-{mary.id} td:last-child") == ["Role… Block…"]
    assert as_seen_by_admin.texts(f"#user-{adam.id} td:last-child") == ["Role…"]


def test_blocking_takes_a_reason(as_manager: Visitor, session: Session, alice: User) -> None:
    for reason in ("", "   ", "x" * 501, "two\nlines"):
        answer = as_manager.post(f"/users/{alice.id}/block", data={"reason": reason})
        assert answer.status_code == 422 and answer.has("#reason-error")
    assert as_manager.post(f"/users/{alice.id}/block").status_code == 422
    assert renewed(session, alice).blocked_at is None
    assert log(session) == []


def test_a_blocked_user_is_out_at_once_with_every_cookie(
    app: Flask, as_manager: Visitor, anonymous: Visitor, session: Session, alice: User
) -> None:
    login = {"email": alice.email, "password": PASSWORD, "remember": "y"}
    anonymous.post("/auth/login", data=login)
    assert anonymous.get("/clients/").status_code == 200
    remembered = visitor(app, session)
    cookie = anonymous.get_cookie("remember_token")
    assert cookie is not None
    remembered.set_cookie("remember_token", cookie.value)
    assert as_manager.post(f"/users/{alice.id}/block", data=SPAM).location == "/users/"
    assert anonymous.get("/clients/").location.startswith("/auth/login")
    assert remembered.get("/clients/").location.startswith("/auth/login")
    poll = anonymous.get("/mailings/", htmx=True)
    assert (poll.status_code, poll.get_data()) == (401, b"") and poll.headers["HX-Redirect"].startswith("/auth/login")
    assert visitor(app, session).post("/auth/login", data=login).status_code == 403
    unblock_user(session, alice.id, user_of(session, "root@example.org", role=Role.ADMIN))
    assert anonymous.get("/clients/").location.startswith("/auth/login")
    assert remembered.get("/clients/").location.startswith("/auth/login")
    assert visitor(app, session).post("/auth/login", data=login).status_code == 303


def test_a_block_and_its_end_are_shown_and_written_down(as_manager: Visitor, session: Session, alice: User) -> None:
    as_manager.post(f"/users/{alice.id}/block", data=SPAM)
    page = as_manager.get("/users/?only=blocked")
    assert "It reads like spam" in page.texts("tbody tr")[0] and "Unblock" in page.words
    assert as_manager.post(f"/users/{alice.id}/unblock", data={"reason": "a mistake"}).status_code == 303
    assert renewed(session, alice).blocked_reason is None
    assert log(session) == [
        ("mary@mailer.example", "block", "alice@mailer.example", "It reads like spam"),
        ("mary@mailer.example", "unblock", "alice@mailer.example", "a mistake"),
    ]


def test_with_htmx_the_list_is_drawn_anew_and_a_toast_says_so(as_manager: Visitor, alice: User) -> None:
    headers = {"HX-Current-URL": "http://localhost/users/?q=alice"}
    answer = as_manager.post(f"/users/{alice.id}/block", data=SPAM, htmx=True, headers=headers)
    assert answer.status_code == 200 and len(answer.all("#users tbody tr")) == 1
    assert "Blocked: Alice" in answer.headers["HX-Trigger"]


def test_a_second_press_changes_nothing_and_says_so(as_manager: Visitor, session: Session, alice: User) -> None:
    as_manager.post(f"/users/{alice.id}/block", data=SPAM)
    first = renewed(session, alice).blocked_at
    as_manager.post(f"/users/{alice.id}/block", data={"reason": "again"})
    assert renewed(session, alice).blocked_at == first and alice.blocked_reason == "It reads like spam"
    as_manager.post(f"/users/{alice.id}/unblock")
    assert "is not blocked" in as_manager.post(f"/users/{alice.id}/unblock", follow_redirects=True).words


def test_a_manager_reaches_no_manager_and_no_admin(
    as_manager: Visitor, session: Session, mary: User, adam: User
) -> None:
    other = user_of(session, "other@example.org", role=Role.MANAGER)
    for user in (mary, adam, other):
        assert as_manager.post(f"/users/{user.id}/block", data=SPAM).status_code == 403
        assert as_manager.get(f"/users/{user.id}/ask/block").status_code == 403
        assert renewed(session, user).blocked_at is None
    block_user(session, other.id, adam, "spam", database_now(session))
    assert as_manager.post(f"/users/{other.id}/unblock").status_code == 403
    assert renewed(session, other).blocked_at is not None


def test_an_admin_reaches_managers_and_no_admin(as_admin: Visitor, session: Session, mary: User, adam: User) -> None:
    assert as_admin.post(f"/users/{mary.id}/block", data=SPAM).status_code == 303
    assert renewed(session, mary).blocked_at is not None
    assert as_admin.post(f"/users/{adam.id}/block", data=SPAM).status_code == 403
    assert renewed(session, adam).blocked_at is None


@pytest.mark.parametrize("path", ["block", "unblock", "role"])
def test_who_does_not_exist_is_not_found_and_a_get_changes_nothing(as_admin: Visitor, alice: User, path: str) -> None:
    assert as_admin.post(f"/users/{alice.id + 100}/{path}", data=SPAM).status_code == 404
    assert as_admin.post(f"/users/{2**63}/{path}", data=SPAM).status_code == 404
    assert as_admin.get(f"/users/{alice.id}/{path}").status_code == 405


def test_an_admin_gives_a_role_which_counts_at_once(
    as_admin: Visitor, as_alice: Visitor, session: Session, alice: User
) -> None:
    assert as_alice.get("/users/").status_code == 404
    assert as_admin.post(f"/users/{alice.id}/role", data={"role": "manager"}).location == "/users/"
    assert as_alice.get("/users/").status_code == 200
    as_admin.post(f"/users/{alice.id}/role", data={"role": "user"})
    assert as_alice.get("/users/").status_code == 404
    assert log(session)[0] == ("adam@mailer.example", "role", "alice@mailer.example", "user → manager")


@pytest.mark.parametrize("role", ["", "root", "ADMIN", "admin\0"])
def test_a_role_that_is_none_is_refused(as_admin: Visitor, session: Session, alice: User, role: str) -> None:
    assert as_admin.post(f"/users/{alice.id}/role", data={"role": role}).status_code == 422
    assert renewed(session, alice).role is Role.USER


def test_nobody_but_an_admin_gives_roles(
    as_manager: Visitor, as_alice: Visitor, session: Session, alice: User, mary: User
) -> None:
    for user in (alice, mary):
        assert as_manager.post(f"/users/{user.id}/role", data={"role": "admin"}).status_code == 403
        assert as_alice.post(f"/users/{user.id}/role", data={"role": "admin"}).status_code == 404
    assert (renewed(session, alice).role, renewed(session, mary).role) == (Role.USER, Role.MANAGER)


def test_the_last_admin_stays_admin(as_admin: Visitor, session: Session, adam: User) -> None:
    answer = as_admin.post(f"/users/{adam.id}/role", data={"role": "user"})
    assert answer.status_code == 422 and "the only admin" in answer.one("#role-error").get_text()
    assert renewed(session, adam).role is Role.ADMIN
    assert log(session) == []


def test_an_admin_who_steps_back_is_led_home(as_admin: Visitor, session: Session, adam: User) -> None:
    user_of(session, "eve@mailer.example", role=Role.ADMIN)
    answer = as_admin.post(f"/users/{adam.id}/role", data={"role": "user"}, htmx=True)
    assert answer.headers["HX-Redirect"] == "/"
    assert as_admin.get("/audit/").status_code == 404


def test_the_questions_stand_on_pages_of_their_own_without_javascript(as_admin: Visitor, alice: User) -> None:
    started_mailing_of(alice)
    mailing_of(alice, message=message_of(alice))
    block = as_admin.get(f"/users/{alice.id}/ask/block")
    assert "2 mailings that are booked or under way are held" in block.words
    assert set(block.fields()) == {"csrf_token", "reason"}
    role = as_admin.get(f"/users/{alice.id}/ask/role")
    assert role.fields()["role"] == "user"
    assert not as_admin.get(f"/users/{alice.id}/ask/role", htmx=True).has("html")
