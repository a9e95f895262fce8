"""The outbox: letters that were caught, for admins, with nothing in them that could do harm."""

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from mailer.embedded.outbox_store import Envelope, add_letters, list_letters, open_outbox
from mailer.models.users import User
from tests.support.application import AppMaker
from tests.support.visitor import Visitor, visitor

pytestmark = pytest.mark.one_database("the outbox has a database file of its own")

PLAIN = (
    "From: Shop <shop@mailer.example>\r\n"
    "To: =?utf-8?b?0JDQvdC90LA=?= <anna@example.org>\r\n"
    "Subject: =?utf-8?b?0J3QvtCy0L7RgdGC0Lg=?=\r\n"
    "Message-ID: <1.2@mailer.example>\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n\r\n"
    "Здравствуйте <b>!\r\n.\r\n"
).encode()
BOTH = (
    b"Subject: Both\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=x\r\n\r\n"
    b"--x\r\nContent-Type: text/plain\r\n\r\nPlain words\r\n"
    b"--x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Marked <script>alert(1)</script></p>\r\n--x--\r\n"
)
MALFORMED = (
    b"Subject: =?utf-8?q?\xff?=\r\nSubject\r\nContent-Type: text/plain; charset=no-such\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\n\xff\xfe broken"
)
EMPTY = b""


@pytest.fixture
def with_outbox(make_app: AppMaker) -> Flask:
    return make_app(MAIL_SERVER="")


@pytest.fixture
def as_keeper(with_outbox: Flask, session: Session, adam: User) -> Visitor:
    return visitor(with_outbox, session, adam)


def catch(data_dir: Path, *raw: bytes, to: str = "anna@example.org") -> list[int]:
    """Put letters into the outbox; their ids, in the same order."""
    with open_outbox(data_dir) as outbox:
        add_letters(outbox, [Envelope("shop@mailer.example", (to,), each) for each in raw])
        return [letter.id for letter in list_letters(outbox, limit=len(raw))][::-1]


def test_an_empty_outbox_says_what_will_stand_there(as_keeper: Visitor) -> None:
    assert "Nothing has been caught yet" in as_keeper.get("/outbox/").words


def test_letters_are_listed_newest_first_and_found_by_subject_and_address(as_keeper: Visitor, data_dir: Path) -> None:
    catch(data_dir, PLAIN)
    catch(data_dir, BOTH, to="boris@example.org")
    assert as_keeper.get("/outbox/").texts("tbody th") == ["Both", "Новости"]
    assert as_keeper.get("/outbox/?q=НОВОСТИ").texts("tbody th") == ["Новости"]
    assert as_keeper.get("/outbox/?q=boris").texts("tbody th") == ["Both"]
    assert "No letter matches" in as_keeper.get("/outbox/?q=vera").words


def test_pages_follow_one_another(as_keeper: Visitor, data_dir: Path) -> None:
    catch(data_dir, *[PLAIN] * 55)
    first = as_keeper.get("/outbox/")
    second = as_keeper.get(str(first.one(".pager a")["href"]))
    links = [str(link["href"]) for page in (first, second) for link in page.all("tbody a")]
    assert len(links) == len(set(links)) == 55
    assert as_keeper.get(str(second.one(".pager a")["href"])).texts("tbody th") == first.texts("tbody th")


def test_a_letter_is_shown_with_its_headers_and_text(as_keeper: Visitor, data_dir: Path) -> None:
    (letter_id,) = catch(data_dir, PLAIN)
    page = as_keeper.get(f"/outbox/{letter_id}")
    assert page.one("h1").get_text() == "Новости"
    assert "Здравствуйте <b>!" in page.one(".letter-body").get_text()
    headers = {row.select("th")[0].get_text(): row.select("td")[0].get_text() for row in page.all("tbody tr")}
    assert headers["To"] == "Анна <anna@example.org>" and headers["Message-ID"] == "<1.2@mailer.example>"
    assert not page.has("iframe")


def test_html_is_shown_in_a_frame_where_nothing_can_run(as_keeper: Visitor, data_dir: Path) -> None:
    (letter_id,) = catch(data_dir, BOTH)
    frame = as_keeper.get(f"/outbox/{letter_id}").one("iframe")
    assert frame.has_attr("sandbox") and not frame["sandbox"]
    html = as_keeper.get(str(frame["src"]))
    policy = html.headers["Content-Security-Policy"]
    assert html.mimetype == "text/html" and "<p>Marked" in html.get_data(as_text=True)
    assert "sandbox;" in policy and "default-src 'none'" in policy and "script-src" not in policy


def test_the_source_comes_as_plain_text_byte_for_byte(as_keeper: Visitor, data_dir: Path) -> None:
    for raw, letter_id in zip((PLAIN, MALFORMED), catch(data_dir, PLAIN, MALFORMED), strict=True):
        source = as_keeper.get(f"/outbox/{letter_id}/raw")
        assert source.mimetype == "text/plain" and source.data == raw
        assert source.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("raw", [MALFORMED, EMPTY])
def test_whatever_was_caught_can_be_looked_at(as_keeper: Visitor, data_dir: Path, raw: bytes) -> None:
    (letter_id,) = catch(data_dir, raw)
    assert as_keeper.get("/outbox/").status_code == 200
    assert as_keeper.get(f"/outbox/{letter_id}").status_code == 200
    assert as_keeper.get(f"/outbox/{letter_id}/html").status_code == 404


def test_a_letter_that_is_not_there_is_not_found(as_keeper: Visitor) -> None:
    for path in ("/outbox/1", "/outbox/1/html", "/outbox/1/raw"):
        assert as_keeper.get(path).status_code == 404


def test_nobody_but_admins_knows_of_it(
    with_outbox: Flask, session: Session, alice: User, mary: User, data_dir: Path
) -> None:
    (letter_id,) = catch(data_dir, PLAIN)
    for path in ("/outbox/", f"/outbox/{letter_id}", f"/outbox/{letter_id}/html", f"/outbox/{letter_id}/raw"):
        assert visitor(with_outbox, session, alice).get(path).status_code == 404
        assert visitor(with_outbox, session, mary).get(path).status_code == 404
        assert visitor(with_outbox, session).get(path).location.startswith("/auth/login")


def test_with_a_mail_server_there_is_no_outbox(as_admin: Visitor) -> None:
    assert as_admin.get("/outbox/").status_code == 404
