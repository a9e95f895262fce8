"""Each reason of a suppression stands for itself, and its lifting has one too."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

IS_ACTIVE = sa.text("lifted_at IS NULL")


def upgrade() -> None:
    with op.batch_alter_table("suppressions") as suppressions:
        suppressions.add_column(sa.Column("lift_reason", sa.String(length=500), nullable=False, server_default=""))
    op.drop_index("uq_suppressions_active", "suppressions")
    op.create_index(
        "uq_suppressions_active",
        "suppressions",
        ["owner_id", "email_key", "reason"],
        unique=True,
        sqlite_where=IS_ACTIVE,
        postgresql_where=IS_ACTIVE,
    )
    op.create_index("ix_suppressions_owner_id_id", "suppressions", ["owner_id", "id"])


def downgrade() -> None:
    # One row an address is all that the older rule takes; the earliest one has told since when.
    op.execute(
        "DELETE FROM suppressions WHERE lifted_at IS NULL AND id NOT IN ("
        "SELECT min(id) FROM suppressions WHERE lifted_at IS NULL GROUP BY owner_id, email_key)"
    )
    op.drop_index("ix_suppressions_owner_id_id", "suppressions")
    op.drop_index("uq_suppressions_active", "suppressions")
    op.create_index(
        "uq_suppressions_active",
        "suppressions",
        ["owner_id", "email_key"],
        unique=True,
        sqlite_where=IS_ACTIVE,
        postgresql_where=IS_ACTIVE,
    )
    with op.batch_alter_table("suppressions") as suppressions:
        suppressions.drop_column("lift_reason")
