"""The migrations run up and down on the database in use, and end where the models begin."""

from collections.abc import Iterator

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask, current_app
from sqlalchemy import Engine, inspect, text
from sqlalchemy.orm import Session

from mailer.extensions import db
from mailer.models.indexes import compared_on
from mailer.models.schema import metadata
from tests.support.application import AppMaker
from tests.support.factories import client_of, user_of


@pytest.fixture
def engine(make_app: AppMaker, empty_database_url: str) -> Iterator[Engine]:
    """On a database without a single table; in the context of its app, as the flask command would be."""
    app: Flask = make_app(DATABASE_URL=empty_database_url)
    with app.app_context():
        yield db.engine


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names()) - {"alembic_version"}


def scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(current_app.extensions["migrate"].migrate.get_config())


def test_the_migrations_run_up_and_down_and_up_again(engine: Engine) -> None:
    flask_migrate.upgrade()
    first = tables(engine)
    assert first == set(metadata.tables)
    flask_migrate.downgrade(revision="base")
    assert tables(engine) == set()
    flask_migrate.upgrade()
    assert tables(engine) == first


def test_each_migration_can_be_taken_back_alone(engine: Engine) -> None:
    for revision in reversed(list(scripts().walk_revisions())):
        flask_migrate.upgrade(revision=revision.revision)
        flask_migrate.downgrade(revision="-1")
        flask_migrate.upgrade(revision=revision.revision)


# The one index over an expression cannot be read back from SQLite; on PostgreSQL it is compared.
@pytest.mark.filterwarnings("ignore:autogenerate skipping", "ignore:Skipped unsupported reflection")
def test_the_models_and_the_migrations_describe_the_same_tables(engine: Engine) -> None:
    flask_migrate.upgrade()
    with engine.connect() as connection:
        options = {"compare_type": True, "include_object": compared_on(engine.dialect.name)}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []


def test_the_history_is_one_line(engine: Engine) -> None:
    history = list(scripts().walk_revisions())
    assert len(scripts().get_heads()) == 1
    assert [revision.is_branch_point or revision.is_merge_point for revision in history] == [False] * len(history)
    assert sum(revision.is_base for revision in history) == 1


@pytest.mark.one_database("PostgreSQL analyzes by itself")
def test_an_analyzed_database_knows_the_statistics_of_a_new_index(engine: Engine) -> None:
    flask_migrate.upgrade()
    with Session(engine) as session:
        client_of(user_of(session, "alice@mailer.example"))
        session.commit()
    flask_migrate.downgrade(revision="0018")
    with engine.begin() as connection:
        connection.execute(text("ANALYZE"))
    flask_migrate.upgrade()
    with engine.connect() as connection:
        analyzed = set(connection.scalars(text("SELECT idx FROM sqlite_stat1 WHERE tbl = 'clients'")))
    assert "ix_clients_owner_id_name_key_id_search_key" in analyzed
