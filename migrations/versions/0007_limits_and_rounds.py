"""Limits of the account, the probe that ends a hold, and the rounds of mailings that were sent again."""

import sqlalchemy as sa
from alembic import op

from mailer.models.base import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# SQLite numbers rows by itself only where the key's type is exactly INTEGER.
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

COUNTS = ("accepted", "failed", "unknown", "suppressed", "expired", "resent")


def upgrade() -> None:
    op.create_table(
        "letter_slots",
        sa.Column("slot_seconds", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("began_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("letters", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("slot_seconds", "began_at", name="pk_letter_slots"),
    )
    op.create_table(
        "mailing_rounds",
        sa.Column("mailing_id", BIG_ID, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("start_time", UtcDateTime(), nullable=False),
        sa.Column("end_time", UtcDateTime(), nullable=False),
        sa.Column("completed_at", UtcDateTime(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in COUNTS),
        sa.ForeignKeyConstraint(
            ["mailing_id"], ["mailings.id"], name="fk_mailing_rounds_mailing_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("mailing_id", "number", name="pk_mailing_rounds"),
    )
    op.add_column("mailings", sa.Column("wakes_at", UtcDateTime(), nullable=True))
    op.add_column("holds", sa.Column("probe", sa.String(length=32), nullable=True))
    op.add_column("holds", sa.Column("probe_until", UtcDateTime(), nullable=True))
    op.add_column("holds", sa.Column("told_at", UtcDateTime(), nullable=True))


def downgrade() -> None:
    for column in ("told_at", "probe_until", "probe"):
        op.drop_column("holds", column)
    op.drop_column("mailings", "wakes_at")
    op.drop_table("mailing_rounds")
    op.drop_table("letter_slots")
