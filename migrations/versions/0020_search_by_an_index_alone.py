"""A search among the clients of a PostgreSQL database is counted by an index alone.

Each index entry has room for the beginning of what is searched, which is all of it for nearly everybody; the few others
have an index of their own. Nothing changes on SQLite, whose entries have room for all of it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

NAMES, LONG = "ix_clients_owner_id_name_key_id", "ix_clients_long_search"
IS_LONG = sa.text("char_length(search_key) > 300")


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        head = sa.Computed("substr(search_key, 1, 300)", persisted=True)
        op.add_column("clients", sa.Column("search_head", sa.Text(), head, nullable=True))
        op.drop_index(NAMES, "clients")
        op.create_index(NAMES, "clients", ["owner_id", "name_key", "id"], postgresql_include=["search_head"])
        op.create_index(LONG, "clients", ["owner_id", "id"], postgresql_where=IS_LONG)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index(LONG, "clients")
        op.drop_index(NAMES, "clients")
        op.create_index(NAMES, "clients", ["owner_id", "name_key", "id"])
        op.drop_column("clients", "search_head")
