"""The headers of every answer, errors included, the cookies, and what is believed of a proxy."""

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from mailer.models.users import User
from tests.support.application import AppMaker
from tests.support.factories import PASSWORD, client_of, mailing_of
from tests.support.visitor import Page, Visitor, visitor
from tests.support.waiting import wait_until

pytestmark = pytest.mark.one_database("headers and cookies are the same on both")

FORWARDED = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9", "X-Forwarded-Host": "mailer.example"}


@pytest.fixture
def failing_app(make_app: AppMaker) -> Flask:
    """The app with a view that fails, as it does outside of tests: with an answer, and not with an exception."""
    app = make_app(csrf=True)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.add_url_rule("/fails", "fails", lambda: 1 / 0)
    return app


def test_every_answer_carries_the_headers_errors_included(
    failing_app: Flask, session: Session, adam: User, alice: User
) -> None:
    admin, user = visitor(failing_app, session, adam), visitor(failing_app, session, alice)
    wait_until(lambda: admin.get("/rq/").status_code == 200, "Redis to be known to answer")
    mailing = mailing_of(alice)
    answers: list[tuple[int, Page]] = [
        (200, user.get("/clients/")),
        (200, user.get("/clients/", htmx=True)),
        (200, visitor(failing_app).get("/auth/login")),
        (200, visitor(failing_app).get("/healthz")),
        (200, user.get("/static/theme.css")),
        (304, user.get("/static/theme.css", headers={"If-None-Match": user.get("/static/theme.css").headers["ETag"]})),
        (303, visitor(failing_app).get("/")),
        (401, visitor(failing_app).get("/", htmx=True)),
        (400, user.post("/clients/new")),
        (403, admin.get(f"/mailings/{mailing.id}/edit")),
        (403, admin.post("/rq/job/1/delete")),
        (404, user.get("/nothing")),
        (404, visitor(failing_app).get("/nothing")),
        (404, user.get("/static/nothing.css")),
        (404, user.get("/rq/")),
        (405, user.post("/clients/")),
        (405, user.get("/auth/logout")),
        (413, user.post("/clients/new", data={"comment": "x" * 50_000_000})),
        (422, user.get("/reports/?from=nonsense")),
        (500, user.get("/fails")),
        (200, admin.get("/rq/")),
        (200, admin.get("/rq/static/css/main.css")),
        (200, admin.get("/rq/0/data/queues.json")),
        (404, admin.get("/rq/9/view/queues")),
    ]
    for place, (status, answer) in enumerate(answers):
        assert answer.status_code == status, place
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy, place
        is_dashboard = answer.request.path.startswith("/rq/") and status < 400
        assert ("unsafe" in policy) is is_dashboard, place
        assert answer.headers["X-Content-Type-Options"] == "nosniff", place
        assert answer.headers["Referrer-Policy"] == "same-origin", place
        assert "Strict-Transport-Security" not in answer.headers, place


def test_an_error_page_tells_nothing_of_the_fault(failing_app: Flask, session: Session, alice: User) -> None:
    answer = visitor(failing_app, session, alice).get("/fails")
    assert not any(word in answer.text for word in ("ZeroDivision", "Traceback", "division"))


def test_a_token_of_another_session_is_no_token(app_with_csrf: Flask, session: Session, alice: User, bob: User) -> None:
    client = client_of(alice)
    as_alice, as_bob = visitor(app_with_csrf, session, alice), visitor(app_with_csrf, session, bob)
    stolen = as_bob.get(f"/clients/{client_of(bob).id}/delete").fields()["csrf_token"]
    url = f"/clients/{client.id}/delete"
    for forged in ({}, {"csrf_token": ""}, {"csrf_token": "x"}, {"csrf_token": stolen}):
        assert as_alice.post(url, data=forged).status_code == 400
        headers = {"X-CSRFToken": forged.get("csrf_token", "")}
        assert as_alice.post(url, headers=headers, htmx=True).status_code == 400
    assert as_alice.post(url, data=as_alice.get(url).fields()).status_code == 303


def cookies_of(app: Flask, headers: dict[str, str], base_url: str = "http://localhost") -> dict[str, str]:
    """Both cookies of a login that is remembered, by name."""
    login = {"email": "alice@mailer.example", "password": PASSWORD, "remember": "y"}
    answer = visitor(app).post("/auth/login", data=login, headers=headers, base_url=base_url)
    assert answer.status_code == 303
    return {cookie.partition("=")[0]: cookie for cookie in answer.headers.getlist("Set-Cookie")}


@pytest.mark.parametrize(
    ("settings", "headers", "base_url", "is_secure"),
    [
        ({}, {}, "http://localhost", False),
        ({}, FORWARDED, "http://localhost", False),
        ({"TRUSTED_PROXIES": "1"}, FORWARDED, "http://localhost", True),
        ({"TRUSTED_PROXIES": "1"}, {}, "http://localhost", False),
        ({}, {}, "https://localhost", True),
        ({"BASE_URL": "https://mailer.example"}, {}, "http://localhost", True),
    ],
)
def test_cookies_are_as_safe_as_the_way_they_came(
    make_app: AppMaker,
    session: Session,
    alice: User,
    settings: dict[str, str],
    headers: dict[str, str],
    base_url: str,
    is_secure: bool,
) -> None:
    session.commit()
    app = make_app(**settings)
    cookies = cookies_of(app, headers, base_url)
    assert set(cookies) == {"session", "remember_token"}
    for cookie in cookies.values():
        assert "HttpOnly" in cookie and "SameSite=Lax" in cookie
        assert cookie.count("Secure") == is_secure
    answer: Page = visitor(app).get("/auth/login", headers=headers, base_url=base_url)
    assert answer.headers.get("Strict-Transport-Security") == ("max-age=31536000" if is_secure else None)


def test_a_forwarded_host_is_not_believed_without_a_proxy(anonymous: Visitor) -> None:
    answer = anonymous.get("/clients/", headers=FORWARDED)
    assert "mailer.example" not in str(answer.headers) + answer.text
