"""`make screenshots`: the pictures of the README, of the real application in a real browser.

With LOOK=folder every page goes there instead, in both themes, both languages and three widths, to be looked at; with
ONLY=words those whose names hold the words.
"""

import contextlib
import logging
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import time_machine
from flask import Flask
from playwright.sync_api import sync_playwright
from rq import Worker
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

from benchmarks import servers
from mailer import create_app
from mailer.delivery.presence import SCHEDULER_KEY
from mailer.extensions import db
from mailer.models.users import User
from tests.pictures.camera import Camera
from tests.pictures.pages import OF_README, of_everything
from tests.pictures.story import tell
from tests.support.application import SETTINGS
from tests.support.ports import free_port
from tests.support.real_browser import OPTIONS, chromium_program
from tests.support.redis_server import RedisServer
from tests.support.visitor import visitor

NOW = datetime(2026, 11, 24, 8, 43, tzinfo=UTC)
FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"


def main() -> None:
    program = chromium_program()
    if program is None:
        raise SystemExit("There is no chromium on PATH, and CHROMIUM names none.")
    logging.disable(logging.WARNING)
    look, only = os.environ.get("LOOK"), os.environ.get("ONLY", "")
    views = [view for view in (of_everything() if look else OF_README) if only in view.name]
    # SQLite's clock is this process's, so that all that a page says of the time is said of this moment.
    with servers.redis() as redis, servers.fresh_database("sqlite", None) as url, time_machine.travel(NOW, tick=False):
        app = application(url, redis)
        ids, cookies = filled(app)
        say_that_all_live(redis)
        with served(app) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=OPTIONS)
            Camera(browser, address, cookies, ids).take(views, Path(look) if look else FOLDER)
            browser.close()
    print(f"{len(views)} pictures in {look or FOLDER}")


def application(url: str, redis: RedisServer) -> Flask:
    os.environ.update(dict.fromkeys(SETTINGS, ""))
    os.environ |= {
        "DATABASE_URL": url,
        "REDIS_URL": redis.url,
        "MAIL_SERVER": "smtp.bellflower.example",
        "MAIL_DEFAULT_SENDER": "Bellflower Stationery <shop@bellflower.example>",
        "SECRET_KEY": "a key that only pictures know",
        "ALLOW_HTTP_LINKS": "1",
    }
    return create_app()


def filled(app: Flask) -> tuple[dict[str, int], dict[str, str]]:
    """Tell the story; the ids of its mailings, and the cookies of who looks at the pages."""
    with app.app_context():
        engine = db.engine
    with Session(engine) as session:
        story = tell(session)
        cookies = {"owner": cookie_of(app, story.owner), "admin": cookie_of(app, story.admin)}
        return {name: mailing.id for name, mailing in story.mailings.items()}, cookies


def cookie_of(app: Flask, user: User) -> str:
    cookie = visitor(app, None, user).get_cookie("session")
    assert cookie is not None
    return cookie.value


def say_that_all_live(redis: RedisServer) -> None:
    """Signs of life of a worker and a scheduler that deliver nothing."""
    Worker(["nothing"], connection=redis.client).register_birth()
    redis.client.set(SCHEDULER_KEY, 1)


@contextlib.contextmanager
def served(app: Flask) -> Iterator[str]:
    """The app's address while it is served from a thread."""
    port = free_port()
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.shutdown()
        thread.join()


if __name__ == "__main__":
    main()
