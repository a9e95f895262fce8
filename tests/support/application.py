"""The application under test: its environment, the app itself, and a session on its database."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from mailer import create_app
from mailer.delivery import bell
from mailer.domain import passwords
from mailer.extensions import db
from mailer.web import limits
from tests.support.engines import join, leave
from tests.support.ports import free_port
from tests.support.redis_server import RedisServer

# Everything in CONTRACT.md that the environment can say; what a test does not set must not leak in from outside.
SETTINGS = (
    "PORT HOST DATA_DIR DATABASE_URL REDIS_URL MAIL_SERVER MAIL_PORT MAIL_USERNAME MAIL_PASSWORD MAIL_USE_TLS "
    "MAIL_USE_SSL MAIL_DEFAULT_SENDER MAIL_LIMITS MAIL_CONNECTIONS MAIL_TIMEOUT MAIL_DOT_TIMEOUT RETRY_DELAY "
    "SECRET_KEY TRUSTED_PROXIES METRICS_TOKEN BASE_URL ALLOW_HTTP_LINKS WORKERS REGISTRATION "
    "REQUIRE_CONFIRMED_EMAIL FORBIDDEN_WORDS"
).split()


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    path = tmp_path / "data"
    path.mkdir()
    return path


@pytest.fixture
def environment(
    data_dir: Path, database_url: str, redis_server: RedisServer, request: pytest.FixtureRequest
) -> dict[str, str]:
    """The settings of this test, for the app within it and for processes that it starts.

    Mail goes to the test's own SMTP server if the test asks for one (`smtp_server`), else to a closed port.
    Each setting is set, if only to nothing, so that no `.env` of a developer is heard.
    """
    mail_port = request.getfixturevalue("smtp_server").port if "smtp_server" in request.fixturenames else free_port()
    return dict.fromkeys(SETTINGS, "") | {
        "DATA_DIR": str(data_dir),
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_server.url,
        "MAIL_SERVER": "127.0.0.1",
        "MAIL_PORT": str(mail_port),
        "MAIL_DEFAULT_SENDER": "Corner Shop <shop@mailer.example>",
        "MAIL_CONNECTIONS": "3",
        "MAIL_TIMEOUT": "5",
        "MAIL_DOT_TIMEOUT": "5",
        "RETRY_DELAY": "1",
        "ALLOW_HTTP_LINKS": "1",
        "SECRET_KEY": "a key that only tests know",
    }


class CompiledTemplates(BytecodeCache):
    """Templates compiled once for all apps of a run; each test makes an app of its own."""

    def __init__(self) -> None:
        self._code: dict[str, CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._code.get(bucket.key + bucket.checksum)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key + bucket.checksum] = bucket.code


_compiled = CompiledTemplates()

# What Argon2 takes on purpose would be a part of the run. The processes of the product take it, and so do the tests of
# passwords.
QUICK_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)

AppMaker = Callable[..., Flask]


def compile_routes_once() -> None:
    """Routes are compiled once for all apps of a run: that takes most of the time which the making of an app takes."""
    compile_rule = Rule.compile
    compiled: dict[tuple[object, ...], Rule] = {}

    def once(rule: Rule) -> None:
        key = rule.rule, rule.subdomain, rule.host, rule.websocket, rule.merge_slashes, repr(rule.defaults)
        first = compiled.get(key)
        if first is None:
            compile_rule(rule)
            compiled[key] = rule
            return
        for name in ("_parts", "_trace", "_converters", "arguments"):
            setattr(rule, name, getattr(first, name))
        for name in ("_build", "_build_unknown"):
            setattr(rule, name, getattr(first, name).__func__.__get__(rule))

    Rule.compile = once  # type: ignore[method-assign]


compile_routes_once()


@pytest.fixture
def make_app(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[AppMaker]:
    """Makes apps on the test's database: `make_app(csrf=True, REGISTRATION="closed")`."""
    monkeypatch.setattr(passwords, "_hasher", QUICK_HASHER)
    # The counter outlives the apps: it would go on counting in memory because an earlier test has killed its Redis.
    monkeypatch.setattr(limits.limiter, "_storage_dead", False)
    # So would what Redis has answered an earlier test be believed for a second.
    monkeypatch.setattr(bell._Pulse, "checked_at", float("-inf"))
    made: list[Flask] = []

    def make(*, csrf: bool = False, **settings: str) -> Flask:
        for name, value in (environment | settings).items():
            monkeypatch.setenv(name, value)
        config: dict[str, Any] = {"TESTING": True, "MAIL_SUPPRESS_SEND": False, "WTF_CSRF_ENABLED": csrf}
        # Tests share one Redis, and ids begin at 1 in each of their databases.
        config["CACHE_TYPE"] = settings.get("CACHE_TYPE", "NullCache")
        app = create_app(config)
        app.jinja_env.bytecode_cache = _compiled
        with app.app_context():
            join(db.engine)
        made.append(app)
        return app

    yield make
    for app in made:
        with app.app_context():
            leave(db.engine)


@pytest.fixture
def app(make_app: AppMaker) -> Flask:
    """The application without CSRF tokens, so that a test's form holds only what the test is about."""
    return make_app()


@pytest.fixture
def app_with_csrf(make_app: AppMaker) -> Flask:
    """The application as it is served."""
    return make_app(csrf=True)


@pytest.fixture
def engine(app: Flask) -> Engine:
    with app.app_context():
        return db.engine


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """The test's own view of the database.

    The visitors (`as_alice` and so on) commit it before each request, so that the request sees what the test did,
    and the test sees what the request did. Commit it yourself before threads and processes look.
    """
    with Session(engine) as session:
        yield session


@pytest.fixture
def app_context(app: Flask) -> Iterator[None]:
    """For code that asks for current_app. Not for requests: they would share Flask-Login's memory of who came."""
    with app.app_context():
        yield


def environment_of_process(environment: dict[str, str]) -> dict[str, str]:
    """This machine's environment (PATH and so on) with the test's settings on top."""
    return {**os.environ, **environment}
