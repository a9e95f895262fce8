"""What a process of the product loads is no concern of Python's collector, which goes on with the rest."""

import subprocess
import sys

import pytest

from mailer.config import PROJECT_DIR
from tests.support.application import environment_of_process

BROKEN = """
import gc
from mailer.loading import loading
try:
    with loading():
        1 / 0
except ZeroDivisionError:
    print(gc.isenabled())
"""
LOADED = "import gc, wsgi; print(gc.isenabled(), gc.get_freeze_count() > 100_000, len(gc.get_objects()) < 10_000)"


@pytest.mark.one_database("no database is asked")
def test_what_is_loaded_at_the_start_is_not_looked_through_again(environment: dict[str, str]) -> None:
    settings = environment_of_process(environment | {"REDIS_URL": ""})
    command = [sys.executable, "-c", LOADED]
    told = subprocess.run(command, cwd=PROJECT_DIR, env=settings, capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["True", "True", "True"]


def test_what_cannot_be_loaded_leaves_the_collector_at_work() -> None:
    told = subprocess.run([sys.executable, "-c", BROKEN], cwd=PROJECT_DIR, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "True"
