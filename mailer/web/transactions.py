"""How the requests of the web use the database: those that change something begin as writers, all read quickly."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, current_app, has_request_context, request
from sqlalchemy import Engine, event

from mailer.extensions import db
from mailer.models.transactions import begin_writing

View = TypeVar("View", bound=Callable[..., Any])

# More than most databases have; what lies beyond is read as before.
MAPPED_BYTES = 1 << 30


def begin_with_request(app: Flask) -> None:
    """Take SQLite's write lock before a POST reads anything; see mailer.models.transactions."""
    with app.app_context():
        map_database(db.engine)

    @app.before_request
    def begin() -> None:
        if request.method == "POST" and request.endpoint is not None and not _begins_late():
            begin_writing(db.session)


def map_database(engine: Engine) -> None:
    """Let requests read SQLite's file as a part of the memory; nothing on PostgreSQL.

    A list that is searched reads all of it, which takes twice as long page by page. Workers do without: a disk that
    fails would end their process in the midst of a letter. Here it ends a web process, which its server starts again.
    A file that is sent once its request is over does without too: all that it reads would count as our memory.
    """
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "checkout")
    def map_file(connection: Any, record: Any, _proxy: Any) -> None:
        wanted = MAPPED_BYTES if has_request_context() else 0
        if record.info.get("mapped", 0) != wanted:
            connection.execute(f"PRAGMA mmap_size = {wanted}")
            record.info["mapped"] = wanted


def begins_late(view: View) -> View:
    """Mark a view whose POST does something slow first, such as hashing; it calls `begin_to_write` itself."""
    setattr(view, "begins_late", True)
    return view


def begin_to_write() -> None:
    """Leave what was read behind, and begin the transaction that writes; everything is read anew in it."""
    db.session.rollback()
    begin_writing(db.session)


def _begins_late() -> bool:
    return getattr(current_app.view_functions.get(request.endpoint or ""), "begins_late", False)
