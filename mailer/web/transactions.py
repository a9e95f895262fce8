"""A request that changes something begins its transaction as one that writes."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, current_app, request

from mailer.extensions import db
from mailer.models.transactions import begin_writing

View = TypeVar("View", bound=Callable[..., Any])


def begin_with_request(app: Flask) -> None:
    """Take SQLite's write lock before a POST reads anything; see mailer.models.transactions."""

    @app.before_request
    def begin() -> None:
        if request.method == "POST" and request.endpoint is not None and not _begins_late():
            begin_writing(db.session)


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
