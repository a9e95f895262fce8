"""How Alembic runs the migrations: with the application's engine and tables."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from flask import current_app
from sqlalchemy import Connection

from mailer.models.base import UtcDateTime
from mailer.models.indexes import compared_on

database = current_app.extensions["migrate"].db


def render_item(kind: str, item: Any, autogen_context: AutogenContext) -> str | Literal[False]:
    """Write our own column type under its own name, so that SQLite's times stay UTC."""
    if kind == "type" and isinstance(item, UtcDateTime):
        autogen_context.imports.add("from mailer.models.base import UtcDateTime")
        return "UtcDateTime()"
    return False


def run_migrations(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        # A changed table is copied and dropped; with foreign keys on, the drop would cascade into other tables.
        # The pragma does nothing inside a transaction, so it goes to the driver before one begins.
        connection.connection.execute("PRAGMA foreign_keys = OFF")
    context.configure(
        connection=connection,
        target_metadata=database.metadatas[None],
        render_item=render_item,
        render_as_batch=True,
        compare_type=True,
        include_object=compared_on(connection.dialect.name),
    )
    with context.begin_transaction():
        context.run_migrations()


with database.engine.connect() as connection:
    run_migrations(connection)
