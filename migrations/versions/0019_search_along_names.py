"""A search among the clients of an SQLite database finds its page along the names without a look at each client.

The index of names holds what is searched too, and takes over from the one that was made for searches alone. The table
of PostgreSQL stays as it is.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.create_index(
            "ix_clients_owner_id_name_key_id_search_key", "clients", ["owner_id", "name_key", "id", "search_key"]
        )
        op.drop_index("ix_clients_owner_id_search_key", "clients")
        op.drop_index("ix_clients_owner_id_name_key_id", "clients")
        if sa.inspect(op.get_bind()).has_table("sqlite_stat1"):
            # Somebody has had the database analyzed: beside indexes with statistics, one without is taken for the best.
            op.execute("PRAGMA analysis_limit = 1000")
            op.execute("ANALYZE clients")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.create_index("ix_clients_owner_id_name_key_id", "clients", ["owner_id", "name_key", "id"])
        op.create_index("ix_clients_owner_id_search_key", "clients", ["owner_id", "search_key"])
        op.drop_index("ix_clients_owner_id_name_key_id_search_key", "clients")
