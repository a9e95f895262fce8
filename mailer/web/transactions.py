"""A request that changes something begins its transaction as one that writes."""

from flask import Flask, request

from mailer.extensions import db
from mailer.models.transactions import begin_writing


def begin_with_request(app: Flask) -> None:
    """Take SQLite's write lock before a POST reads anything; see mailer.models.transactions."""

    @app.before_request
    def begin() -> None:
        if request.method == "POST" and request.endpoint is not None:
            begin_writing(db.session)
