"""A lane run within the test, against the test's own mail server and database."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from mailer.delivery.delivering import deliver_mailing
from mailer.delivery.lane import End
from mailer.models.mailings import Attempt, Mailing
from mailer.models.transactions import begin_writing

Deliver = Callable[..., End | None]


@pytest.fixture
def deliver(app: Flask, engine: Engine, session: Session) -> Deliver:
    """Runs one lane of a mailing to its end; settings of the app may be overridden for it."""

    def run(mailing: Mailing, **settings: object) -> End | None:
        mailing_id = mailing.id
        session.commit()
        end = deliver_mailing(
            engine, {**app.config, **settings}, mailing_id, worker_count=1, wanted_elsewhere=lambda: False
        )
        session.expire_all()
        return end

    return run


def write_anew(session: Session) -> None:
    """Let go of what the session has read, and begin to write: on SQLite the one cannot become the other."""
    session.rollback()
    begin_writing(session)


@pytest.fixture
def attempts_of(session: Session) -> Callable[[Mailing], list[Attempt]]:
    def read(mailing: Mailing) -> list[Attempt]:
        return list(session.scalars(select(Attempt).where(Attempt.mailing_id == mailing.id).order_by(Attempt.id)))

    return read
