"""Forms that have made something, so that one that comes twice makes it once."""

import sqlalchemy as sa
from alembic import op

from mailer.models.base import UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# SQLite numbers rows by itself only where the key's type is exactly INTEGER.
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "sent_forms",
        sa.Column("owner_id", BIG_ID, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("made_id", BIG_ID, nullable=True),
        sa.Column("sent_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_sent_forms_owner_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("owner_id", "digest", name="pk_sent_forms"),
    )
    op.create_index("ix_sent_forms_owner_id_sent_at", "sent_forms", ["owner_id", "sent_at"])


def downgrade() -> None:
    op.drop_table("sent_forms")
