"""How requests read SQLite's file, and how everything else does."""

import pytest
from flask import Flask
from sqlalchemy import text

from mailer.extensions import db
from mailer.web.transactions import MAPPED_BYTES

pytestmark = pytest.mark.one_database("PostgreSQL has memory of its own")


def mapped() -> int:
    size: int = db.session.execute(text("PRAGMA mmap_size")).scalar_one()
    db.session.remove()
    return size


def test_requests_read_the_file_from_memory_and_workers_do_not(app: Flask) -> None:
    with app.app_context():
        db.engine.dispose()
        assert mapped() == 0
    with app.test_request_context():
        assert mapped() == MAPPED_BYTES
    with app.app_context():
        # The same connection, out of the pool: what a request leaves to be sent is read page by page.
        assert mapped() == 0
