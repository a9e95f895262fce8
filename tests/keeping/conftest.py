"""The database as a file, and the flask commands about it, called as from another terminal."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

Command = Callable[..., Result]


@pytest.fixture
def database(database_url: str) -> Path:
    return Path(str(make_url(database_url).database))


@pytest.fixture
def command(app: Flask, engine: Engine, session: Session) -> Command:
    """Runs a flask command, after what the test did; nothing of the test has the database open meanwhile."""

    def run(*arguments: str | Path) -> Result:
        session.commit()
        engine.dispose()
        return app.test_cli_runner().invoke(args=[str(argument) for argument in arguments])

    return run
