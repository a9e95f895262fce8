"""The profile: what is shown, changed and refused, the picture, the password, and the end of the account."""

import io
import struct
import zlib
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.auth import own
from mailer.domain.audit import AuditFilter, audit_entries
from mailer.models.audit import Action
from mailer.models.clients import Client
from mailer.models.mailings import Mailing
from mailer.models.messages import Message
from mailer.models.users import Avatar, User
from tests.support.factories import PASSWORD, completed_mailing_of, mailing_of, started_mailing_of
from tests.support.visitor import Page, Visitor, visitor

EDIT, AVATAR = "/auth/profile/edit", "/auth/profile/avatar"
NEW = "plum orbit candle seven"
FIELDS = {
    "full_name": "Алиса Белова", "email": "alice@mailer.example", "country": "RU", "phone": "8 (916) 123-45-67",
    "time_zone": "Europe/Moscow", "language": "ru",
}


def edit(browser: Visitor, **changes: Any) -> Page:
    page: Page = browser.post(EDIT, data=FIELDS | changes)
    return page


def test_a_profile_is_edited_and_shown(as_alice: Visitor, session: Session, alice: User) -> None:
    assert as_alice.get(EDIT).one("#email")["value"] == "alice@mailer.example"
    assert (edit(as_alice).status_code, edit(as_alice).location) == (303, "/auth/profile")
    session.expire_all()
    assert (alice.phone, alice.country) == ("+79161234567", "RU")
    assert (alice.time_zone, alice.language) == ("Europe/Moscow", "ru")
    page = as_alice.get("/auth/profile")
    for words in ("Алиса Белова", "+7 916 123-45-67", "Россия", "Europe/Moscow", "Русский"):
        assert words in page.words
    assert page.one(".me-link .avatar").get_text() == "АБ"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("full_name", "two\nlines"), ("full_name", "x" * 201), ("email", "nobody"), ("email", ""), ("phone", "12"),
        ("phone", "call me"), ("country", "XX"), ("time_zone", "Mars/Base"), ("language", "tlh"),
    ],
)
def test_a_bad_field_is_named_and_nothing_is_changed(
    as_alice: Visitor, session: Session, alice: User, field: str, value: str
) -> None:
    answer = edit(as_alice, **{field: value})
    assert answer.status_code == 422 and answer.has(f"#{field}-error")
    session.expire_all()
    assert (alice.full_name, alice.phone) == ("Alice", "")


def test_a_role_or_a_block_in_the_form_is_not_heard(as_alice: Visitor, session: Session, alice: User) -> None:
    assert edit(as_alice, role="admin", confirmed_at="", blocked_at="1", user_id="1").status_code == 303
    session.expire_all()
    assert alice.role.value == "user" and alice.is_active


def test_a_new_address_takes_the_password_and_must_be_free(as_alice: Visitor, alice: User, bob: User) -> None:
    answer = edit(as_alice, email="new@mailer.example", current_password="wrong")
    assert answer.status_code == 422 and answer.has("#current_password-error")
    answer = edit(as_alice, email="BOB@mailer.example", current_password=PASSWORD)
    assert answer.status_code == 422 and "belongs to another account" in answer.one("#email-error").get_text()


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 20), **options: Any) -> io.BytesIO:
    file = io.BytesIO()
    Image.new("RGB", size, "red").save(file, kind, **options)
    return io.BytesIO(file.getvalue())


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_drawn_anew_and_nothing_else_of_it_is_kept(
    as_alice: Visitor, session: Session, kind: str
) -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    assert edit(as_alice, avatar=(picture(kind, exif=exif), "a.png")).status_code == 303
    kept = session.scalars(select(Avatar.image)).one()
    drawn = Image.open(io.BytesIO(kept))
    assert (drawn.format, drawn.size, dict(drawn.getexif())) == ("WEBP", (256, 256), {})
    assert b"taken at home" not in kept


def test_the_picture_is_served_to_its_owner_who_asks_each_time_whether_it_changed(
    app: Flask, as_alice: Visitor, as_bob: Visitor
) -> None:
    edit(as_alice, avatar=(picture(), "a.png"))
    answer = as_alice.get(AVATAR)
    assert (answer.status_code, answer.mimetype) == (200, "image/webp")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    again = as_alice.get(AVATAR, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert as_bob.get(AVATAR).status_code == 404
    assert visitor(app).get(AVATAR).status_code == 303
    assert str(as_alice.get("/auth/profile").one(".me-link img")["src"]).startswith(AVATAR)


def test_a_picture_is_taken_away(as_alice: Visitor, session: Session) -> None:
    edit(as_alice, avatar=(picture(), "a.png"))
    assert edit(as_alice, remove_avatar="y").status_code == 303
    assert session.scalar(select(Avatar)) is None
    assert as_alice.get(AVATAR).status_code == 404


def bomb(side: int) -> bytes:
    """A PNG of a few bytes that says it has side x side pixels."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (SVG, "no picture"),
        (b"<!doctype html><script>alert(1)</script>", "no picture"),
        (b"GIF89a" + bytes(100), "no picture"),
        (b"", "no picture"),
        (bomb(200), "no picture"),
        (picture().getvalue()[:60], "no picture"),
        (bomb(20_000), "too large"),
        (bomb(6_000), "too large"),
        (bytes(5 * 1024 * 1024 + 1), "too large"),
    ],
)
def test_what_is_no_picture_or_too_large_is_refused_at_its_field(
    as_alice: Visitor, session: Session, raw: bytes, words: str
) -> None:
    answer = edit(as_alice, avatar=(io.BytesIO(raw), "avatar.png"))
    assert answer.status_code == 422
    assert words in answer.one("#avatar-error").get_text()
    assert session.scalar(select(Avatar)) is None


def test_a_request_beyond_all_measure_is_not_read(app: Flask, as_alice: Visitor) -> None:
    assert edit(as_alice, avatar=(io.BytesIO(bytes(11_000_000)), "a.png")).status_code == 413
    assert visitor(app).post("/auth/login", data={"email": "x" * 100_000}).status_code == 413


def change_password(browser: Visitor, **changes: str) -> Page:
    fields = {"current_password": PASSWORD, "password": NEW, "password_confirm": NEW} | changes
    page: Page = browser.post("/auth/profile/password", data=fields)
    return page


def test_a_new_password_ends_every_other_session(
    app: Flask, as_alice: Visitor, session: Session, alice: User
) -> None:
    elsewhere = visitor(app, session, alice)
    assert change_password(as_alice).location == "/auth/profile"
    assert as_alice.get("/").status_code == 200
    assert elsewhere.get("/").location.startswith("/auth/login")
    fields = {"email": "alice@mailer.example", "password": PASSWORD}
    assert visitor(app, session).post("/auth/login", data=fields).status_code == 422
    assert visitor(app, session).post("/auth/login", data=fields | {"password": NEW}).status_code == 303
    assert session.scalar(audit_entries(AuditFilter(action=Action.PASSWORD))) is not None


@pytest.mark.parametrize(
    ("field", "value"),
    [("current_password", "wrong"), ("password", "password123"), ("password_confirm", "something else")],
)
def test_a_password_that_will_not_do_changes_nothing(as_alice: Visitor, alice: User, field: str, value: str) -> None:
    before = alice.password_hash
    answer = change_password(as_alice, **{field: value})
    assert answer.status_code == 422 and answer.has(f"#{field}-error")
    assert alice.password_hash == before


def delete_account(browser: Visitor, password: str = PASSWORD) -> Page:
    page: Page = browser.post("/auth/profile/delete", data={"password": password})
    return page


def test_deleting_an_account_says_what_goes_and_takes_all_of_it(
    as_alice: Visitor, session: Session, alice: User, bob: User
) -> None:
    completed_mailing_of(alice, accepted=2)
    mailing_of(alice)
    mailing_of(bob)
    page = as_alice.get("/auth/profile/delete")
    for words in ("2 clients", "2 messages", "2 mailings", "1 of them is booked"):
        assert words in page.words
    assert delete_account(as_alice).location == "/auth/login"
    assert list(session.scalars(select(User.email))) == ["bob@mailer.example"]
    for table in (Client, Message, Mailing):
        assert session.scalar(select(func.count()).select_from(table)) == 1
    assert as_alice.get("/").status_code == 303
    entry = session.scalars(audit_entries(AuditFilter(action=Action.ACCOUNT_DELETED))).one()
    assert entry.actor_email == "alice@mailer.example"


def test_without_the_password_nothing_is_deleted(as_alice: Visitor, session: Session, alice: User) -> None:
    assert delete_account(as_alice, "wrong").status_code == 422
    assert session.get(User, alice.id) is not None


def test_an_account_stays_while_its_mailing_is_under_way(as_alice: Visitor, session: Session, alice: User) -> None:
    started_mailing_of(alice)
    assert "1 mailing is under way" in as_alice.get("/auth/profile/delete").words
    assert delete_account(as_alice).status_code == 422
    assert session.get(User, alice.id) is not None


def test_the_last_admin_stays(as_admin: Visitor, session: Session, adam: User, mary: User) -> None:
    assert "You are the last admin" in as_admin.get("/auth/profile/delete").words
    assert delete_account(as_admin).status_code == 422
    assert session.get(User, adam.id) is not None


def test_whoever_is_blocked_while_the_password_is_compared_changes_nothing(
    as_alice: Visitor, session: Session, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def block_meanwhile(_hash: str, _password: str) -> bool:
        alice.blocked_at = alice.created_at
        session.commit()
        return True

    monkeypatch.setattr(own, "is_password", block_meanwhile)
    assert delete_account(as_alice).location.startswith("/auth/login")
    assert session.get(User, alice.id) is not None
