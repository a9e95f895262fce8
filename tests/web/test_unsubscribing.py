"""The page behind the link in a letter: for people without an account, and for mail programs (RFC 8058)."""

import random
import string
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.domain.clients import clients_of, delete_clients
from mailer.domain.clock import database_now
from mailer.domain.deleting import delete_mailing
from mailer.domain.suppressions import is_suppressed
from mailer.domain.unsubscribe_links import NOBODY, ensure_unsubscribe_key, unsubscribe_links
from mailer.models.clients import Suppression, SuppressionReason
from mailer.models.mailings import Mailing
from mailer.models.users import SharedSetting, User
from tests.support.factories import clients_with, completed_mailing_of, recipients_of, started_mailing_of, suppress
from tests.support.visitor import Visitor, visitor

EMAIL = "anna@example.org"


@pytest.fixture
def now(session: Session) -> datetime:
    return database_now(session)


@pytest.fixture
def mailing(alice: User) -> Mailing:
    return started_mailing_of(alice, clients=clients_with(alice, EMAIL))


@pytest.fixture
def path(session: Session, mailing: Mailing, now: datetime) -> str:
    """The link of Anna's letter."""
    ensure_unsubscribe_key(session, now)
    (recipient,) = recipients_of(mailing)
    return f"/u/{unsubscribe_links(session).token(mailing.owner_id, recipient.id, recipient.email)}"


def entries(session: Session) -> list[Suppression]:
    session.commit()
    return list(session.scalars(select(Suppression).order_by(Suppression.id)))


def test_the_page_says_who_writes_and_changes_nothing(anonymous: Visitor, session: Session, path: str) -> None:
    page = anonymous.get(path)
    assert page.status_code == 200
    assert "Alice writes to anna@example.org." in page.words and "alice@mailer.example" in page.words
    assert page.texts("form button") == ["Get no more letters"]
    for method in ("HEAD", "OPTIONS"):
        assert anonymous.open(path, method=method).status_code == 200
    assert entries(session) == []


def test_the_button_suppresses_and_a_second_press_changes_nothing(
    anonymous: Visitor, session: Session, mailing: Mailing, path: str
) -> None:
    form = anonymous.get(path).one("form")
    for _press in (1, 2):
        page = anonymous.post(str(form["action"]))
        assert page.status_code == 200 and "Alice does not write to anna@example.org any more." in page.words
    (entry,) = entries(session)
    assert (entry.owner_id, entry.email, entry.mailing_id) == (mailing.owner_id, EMAIL, mailing.id)
    assert entry.reason is SuppressionReason.UNSUBSCRIBED and entry.lifted_at is None


@pytest.mark.parametrize(
    "sent",
    [
        {"data": {"List-Unsubscribe": "One-Click"}},
        {"data": {"List-Unsubscribe": "One-Click"}, "content_type": "multipart/form-data"},
        {"data": b"List-Unsubscribe=One-Click", "content_type": "text/plain"},
        {"data": b""},
        {"data": b"--x\r\nbroken", "content_type": "multipart/form-data; boundary=y"},
    ],
    ids=["form", "multipart", "text", "empty", "broken"],
)
def test_a_mail_program_unsubscribes_by_one_post(
    app_with_csrf: Flask, session: Session, path: str, sent: dict[str, Any]
) -> None:
    program = visitor(app_with_csrf, session)
    for _time in (1, 2):
        answer = program.post(path, **sent)
        assert answer.status_code == 200 and "Set-Cookie" not in answer.headers
    assert [entry.email for entry in entries(session)] == [EMAIL]


def test_it_can_be_taken_back_and_said_again(anonymous: Visitor, session: Session, alice: User, path: str) -> None:
    back = str(anonymous.post(path).one("form")["action"])
    for _press in (1, 2):
        assert "You get letters again" in anonymous.post(back).words
    assert not is_suppressed(session, alice.id, EMAIL)
    anonymous.post(path)
    session.commit()
    assert is_suppressed(session, alice.id, EMAIL)
    assert anonymous.get(back).status_code == 405


def test_taking_it_back_does_not_unsay_what_others_have_said(
    anonymous: Visitor, session: Session, alice: User, path: str
) -> None:
    suppress(alice, EMAIL, reason=SuppressionReason.BY_HAND)
    anonymous.post(path)
    anonymous.post(f"{path}/back")
    session.commit()
    assert is_suppressed(session, alice.id, EMAIL)


def test_the_link_works_after_mailing_and_client_were_deleted(
    anonymous: Visitor, session: Session, alice: User, mailing: Mailing, path: str, now: datetime
) -> None:

    delete_mailing(session, mailing)
    delete_clients(session, clients_of(alice.id), now)
    session.commit()
    assert anonymous.post(path).status_code == 200
    (entry,) = entries(session)
    assert (entry.email, entry.mailing_id) == (EMAIL, None)


def test_a_recipient_whose_number_came_again_is_nobody_to_an_old_link(
    anonymous: Visitor, session: Session, alice: User, mailing: Mailing, path: str
) -> None:
    (recipient,) = recipients_of(mailing)
    recipient.email = recipient.email_key = "boris@example.org"
    anonymous.post(path)
    (entry,) = entries(session)
    assert (entry.email, entry.mailing_id) == (EMAIL, None)


def test_each_link_unsubscribes_from_its_own_sender_alone(
    anonymous: Visitor, session: Session, alice: User, bob: User, path: str
) -> None:
    completed_mailing_of(bob)
    anonymous.post(path)
    session.commit()
    assert is_suppressed(session, alice.id, EMAIL) and not is_suppressed(session, bob.id, EMAIL)


@pytest.mark.one_database("a forged link reaches no row of either")
def test_ten_thousand_forged_links_are_not_found(anonymous: Visitor, session: Session, path: str) -> None:
    token = path.removeprefix("/u/")
    chance = random.Random(7)
    alphabet = string.ascii_letters + string.digits + "-_"
    forged = {token[:place] + letter + token[place + 1 :] for place in range(len(token)) for letter in alphabet}
    forged |= {token[:length] for length in range(1, len(token))} | {token + "AAAA" * count for count in range(1, 9)}
    lengths = [12, 24, 48, len(token), 500]
    while len(forged) < 10_001:
        forged.add("".join(chance.choices(alphabet, k=chance.choice(lengths))))
    forged.discard(token)
    assert len(forged) >= 10_000
    # Each is read as the page reads it, and every fiftieth goes through the page itself, by button and by eye.
    links = unsubscribe_links(session)
    assert {links.read(each) for each in forged} == {NOBODY}
    for each in sorted(forged)[::50]:
        assert anonymous.get(f"/u/{each}").status_code == 404
        assert anonymous.post(f"/u/{each}").status_code == 404
    assert entries(session) == []


@pytest.mark.parametrize("token", ["x", "a%00b", "%F0%9F%8C%B7" * 3, "." * 12, "+-+-+-+-+-+-", "A" * 5000])
def test_what_is_no_link_is_not_found(anonymous: Visitor, session: Session, path: str, token: str) -> None:
    for method, place in (("GET", ""), ("POST", ""), ("POST", "/back")):
        page = anonymous.open(f"/u/{token}{place}", method=method)
        assert page.status_code == 404 and "This link is not whole" in page.words
    assert entries(session) == []


def test_before_the_first_letter_no_link_is_known(anonymous: Visitor, path: str, session: Session) -> None:

    session.delete(session.get_one(SharedSetting, "UNSUBSCRIBE_KEY"))
    assert anonymous.get(path).status_code == 404


def test_no_other_site_and_no_search_engine_learns_the_link(anonymous: Visitor, path: str) -> None:
    for address in (path, "/u/forged"):
        page = anonymous.get(address)
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in page.headers["X-Robots-Tag"] and page.has("meta[name=robots][content*=noindex]")
        assert "no-store" in page.headers["Cache-Control"] and "Set-Cookie" not in page.headers
        assert not page.has("a[href^=http]")
