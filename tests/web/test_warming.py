"""What a web server makes ready before it takes requests."""

from pathlib import Path

import pytest
from flask import Flask

from mailer.web.catalogues import translations_into
from mailer.web.warming import FOLDER, warm_up
from tests.support.application import AppMaker

pytestmark = pytest.mark.one_database("no database is asked")


@pytest.fixture
def fresh(make_app: AppMaker, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """An app that has drawn nothing yet, with a handful of the templates."""
    app = make_app()
    some = [name for name in app.jinja_env.list_templates() if name.startswith("components/")]
    monkeypatch.setattr(app.jinja_env, "list_templates", lambda: list(some))
    return app


def test_templates_and_languages_are_ready_and_the_next_start_finds_them_compiled(
    fresh: Flask, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    translations_into.cache_clear()
    warm_up(fresh)
    kept = sorted(path.name for path in (data_dir / FOLDER).iterdir())
    assert len(kept) == len(fresh.jinja_env.list_templates()) > 5
    assert translations_into.cache_info().currsize == 2
    assert fresh.jinja_env.cache is not None
    fresh.jinja_env.cache.clear()
    monkeypatch.setattr(type(fresh.jinja_env), "_generate", lambda *_arguments, **_names: pytest.fail("compiled again"))
    warm_up(fresh)


def test_a_folder_that_cannot_be_written_is_no_obstacle(fresh: Flask, data_dir: Path) -> None:
    (data_dir / FOLDER).write_text("not a folder")
    warm_up(fresh)
