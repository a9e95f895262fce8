"""What a first visit costs, and how static files are kept."""

import gzip
from urllib.parse import urljoin

import pytest

from mailer.models.mailings import RecipientState
from mailer.models.users import User
from tests.support.factories import client_of, mailing_of, message_of, recipients_of, settle, started_mailing_of
from tests.support.visitor import Page, Visitor

pytestmark = pytest.mark.one_database("files and the size of pages are the same on both")

GZIP = {"Accept-Encoding": "gzip"}


def files_of(page: Page) -> list[str]:
    return [str(tag.get("src") or tag.get("href")) for tag in page.all("script[src], link[href]")]


@pytest.mark.parametrize("path", "/clients/ /messages/ /mailings/ /mailings/new /mailings/1 /attempts/".split())
def test_a_first_visit_to_a_full_list_stays_under_300_kilobytes(as_alice: Visitor, alice: User, path: str) -> None:
    name = "Воскресенская-Милютина"
    clients = [
        client_of(alice, f"person{number}@example.org", f"{name} {number}", "Комментарий " * 10) for number in range(60)
    ]
    message = message_of(alice, "Ежемесячное " * 10, "Текст " * 5000)
    mailing = started_mailing_of(alice, message=message, clients=clients)
    for recipient in recipients_of(mailing):
        settle(recipient, RecipientState.FAILED)
    for number in range(60):
        mailing_of(alice, message=message_of(alice, f"{name} {number}", "Текст " * 100), clients=clients[:1])
    page = as_alice.get(path)
    total = len(page.data) + sum(len(as_alice.get(path, headers=GZIP).data) for path in files_of(page))
    total += len(as_alice.get("/static/vendor/bootstrap-icons.woff2").data)
    assert total < 300_000


def test_a_first_visit_to_a_page_with_a_chart_stays_under_300_kilobytes_too(as_alice: Visitor) -> None:
    page = as_alice.get("/")
    assert any("chart.umd" in path for path in files_of(page))
    total = len(page.data) + sum(len(as_alice.get(path, headers=GZIP).data) for path in files_of(page))
    assert total + len(as_alice.get("/static/vendor/bootstrap-icons.woff2").data) < 300_000
    assert not any("chart" in path for path in files_of(as_alice.get("/clients/")))


def test_what_style_sheets_name_without_a_version_is_kept_for_a_day(anonymous: Visitor) -> None:
    assert anonymous.get("/static/vendor/bootstrap-icons.woff2").headers["Cache-Control"] == "public, max-age=86400"


def test_files_are_compressed_for_those_who_take_it(anonymous: Visitor) -> None:
    plain = anonymous.get("/static/theme.css")
    packed = anonymous.get("/static/theme.css", headers=GZIP)
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(packed.data) == plain.data
    assert "Accept-Encoding" in packed.headers["Vary"]


def test_a_file_that_is_known_is_not_sent_again(anonymous: Visitor) -> None:
    first = anonymous.get("/static/theme.css", headers=GZIP)
    again = anonymous.get("/static/theme.css", headers=GZIP | {"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_pages_name_the_version_of_each_file_and_browsers_may_keep_it(anonymous: Visitor) -> None:
    for path in files_of(anonymous.get("/auth/login")):
        assert "?v=" in path
        assert "immutable" in anonymous.get(urljoin("/", path)).headers["Cache-Control"]


@pytest.mark.parametrize("path", ["/static/../config.py", "/static/%2e%2e/config.py", "/static/no.css"])
def test_nothing_else_is_served(anonymous: Visitor, path: str) -> None:
    assert anonymous.get(path).status_code == 404
