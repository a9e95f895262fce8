"""Errors say what happened and what to do, in the look of the product, and change nothing on an open page."""

import json
from pathlib import Path

import pytest
from flask import Flask, abort
from sqlalchemy import text
from sqlalchemy.orm import Session

from mailer.extensions import db
from mailer.models.users import User
from tests.support.application import AppMaker
from tests.support.visitor import Page, Visitor, visitor


def is_explained(answer: Page, status: int) -> bool:
    assert answer.status_code == status
    assert answer.one(".error-page .figure").get_text() == str(status)
    return bool(answer.one("h1").get_text()) and answer.has("link[href^='/static/theme.css']")


def test_an_unknown_address_is_explained_within_the_frame(as_alice: Visitor) -> None:
    answer = as_alice.get("/nothing/here")
    assert is_explained(answer, 404)
    assert answer.has("nav.side")


@pytest.mark.one_database("what pages look like is the same on both")
@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_error_is_explained_in_the_visitors_language(
    app: Flask, session: Session, alice: User, language: str
) -> None:
    app.add_url_rule("/fails/<int:status>", "fails", lambda status: abort(status))
    browser = visitor(app, session, alice)
    titles = set()
    for status in (400, 403, 404, 405, 413, 422, 429, 500, 503):
        page = browser.get(f"/fails/{status}", headers={"Accept-Language": language})
        assert is_explained(page, status) and page.one("html")["lang"] == language
        assert page.has("nav.side") == (status < 500)
        titles.add(page.one("h1").get_text())
    assert len(titles) == 9
    assert ("There is nothing here" in titles) == (language == "en")


def test_an_unknown_address_is_explained_to_a_stranger_without_the_frame(anonymous: Visitor) -> None:
    answer = anonymous.get("/nothing/here")
    assert is_explained(answer, 404)
    assert not answer.has("nav.side")


def test_a_wrong_method_is_explained_and_says_which_are_right(as_alice: Visitor) -> None:
    answer = as_alice.get("/auth/logout")
    assert is_explained(answer, 405)
    assert "POST" in answer.headers["Allow"]


def test_htmx_gets_a_toast_and_keeps_its_page(as_alice: Visitor) -> None:
    answer = as_alice.get("/clients/999", htmx=True)
    assert (answer.status_code, answer.text, answer.headers["HX-Reswap"]) == (404, "", "none")
    assert json.loads(answer.headers["HX-Trigger"])["toast"]["message"]


def test_a_form_from_another_session_is_told_to_reload(app_with_csrf: Flask, alice: User) -> None:
    answer = visitor(app_with_csrf, None, None).post("/auth/login", data={"csrf_token": "stale"})
    assert is_explained(answer, 400)
    assert "Reload the page" in answer.words
    answer = visitor(app_with_csrf, None, None).post("/auth/login", data={"csrf_token": "stale"}, htmx=True)
    assert "Reload the page" in json.loads(answer.headers["HX-Trigger"])["toast"]["message"]


def test_a_request_beyond_all_measure_is_too_large(make_app: AppMaker) -> None:
    app = make_app(csrf=True)
    app.config["MAX_CONTENT_LENGTH"] = 1000
    answer = visitor(app).post("/auth/login", data={"email": "x" * 2000})
    assert is_explained(answer, 413)


def test_a_fault_of_ours_is_explained_without_its_details(app: Flask, session: Session, alice: User) -> None:
    def fail() -> str:
        raise RuntimeError("a secret of the server")

    app.add_url_rule("/fail", view_func=fail)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    answer = visitor(app, session, alice).get("/fail")
    assert is_explained(answer, 500)
    assert "secret" not in answer.text


def test_the_log_tells_where_a_fault_was_and_not_the_link_that_led_there(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    app.view_functions["auth.choose_password"] = lambda token: 1 // 0
    app.config["PROPAGATE_EXCEPTIONS"] = False
    assert visitor(app).get("/auth/reset-password/12-secret").status_code == 500
    assert "Exception on /auth/reset-password/<token> [GET]" in caplog.text
    assert "ZeroDivisionError" in caplog.text and "12-secret" not in caplog.text


def test_a_number_that_no_column_can_hold_is_a_bad_request(
    app: Flask, session: Session, alice: User, database_kind: str
) -> None:
    if database_kind != "postgresql":
        pytest.skip("SQLite takes any value.")
    app.add_url_rule("/overflow", view_func=lambda: str(db.session.execute(text("SELECT 1000000::smallint")).scalar()))
    answer = visitor(app, session, alice).get("/overflow")
    assert is_explained(answer, 400)


@pytest.mark.parametrize("path", ["/clients/?q=%00", "/clients/?q=a%00b", "/messages/?q=%00", "/clients/?sort=%00"])
def test_a_nul_character_in_a_search_is_no_fault(as_alice: Visitor, path: str) -> None:
    assert as_alice.get(path).status_code in (200, 400)


@pytest.mark.parametrize(
    "cursor",
    ["x", "%00", "W10", "WyJhIl0", "WzEsMl0", "WyJcdTAwMDAiLDFd", "bnVsbA", "e30", "WyJhIiwxZTk5OV0", "%F0%9F"],
)
@pytest.mark.parametrize("side", ["after", "before"])
def test_a_cursor_that_was_not_made_here_shows_the_first_page(as_alice: Visitor, side: str, cursor: str) -> None:
    assert as_alice.get(f"/clients/?{side}={cursor}").status_code == 200


def test_a_database_that_does_not_answer_is_said_so(make_app: AppMaker, tmp_path: Path) -> None:
    app = make_app(DATABASE_URL=f"sqlite:///{tmp_path / 'no' / 'such' / 'folder' / 'mailer.sqlite'}")
    browser = visitor(app)
    with browser.session_transaction() as cookie:
        cookie["_user_id"] = "1.token"
    for htmx in (False, True):
        answer = browser.get("/clients/", htmx=htmx)
        assert answer.status_code == 503
    assert is_explained(browser.get("/clients/"), 503)
