"""Profiles with pictures, and the letters that the system writes to its users."""

import sqlalchemy as sa
from alembic import op

from mailer.models.base import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

PROFILE = {"phone": 16, "country": 2, "language": 8, "avatar_digest": 64}


def upgrade() -> None:
    for name, length in PROFILE.items():
        # The default fills in the rows that are there; the program always says what it means.
        op.add_column("users", sa.Column(name, sa.String(length=length), nullable=False, server_default=""))
    op.add_column("users", sa.Column("confirmed_at", UtcDateTime(), nullable=True))
    op.create_table(
        "avatars",
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("image", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_avatars_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name="pk_avatars"),
    )
    op.create_table(
        "notices",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "confirm_address",
                "new_address",
                "address_changed",
                "reset_password",
                "password_changed",
                native_enum=False,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("user_id", BIG_ID, nullable=True),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", UtcDateTime(), nullable=True),
        sa.Column("rung_at", UtcDateTime(), nullable=True),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_notices_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
    )
    op.create_index("ix_notices_user_id", "notices", ["user_id"])
    op.create_index(
        "ix_notices_next_try",
        "notices",
        ["next_try_at"],
        sqlite_where=sa.text("next_try_at IS NOT NULL"),
        postgresql_where=sa.text("next_try_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_table("notices")
    op.drop_table("avatars")
    op.drop_column("users", "confirmed_at")
    for name in PROFILE:
        op.drop_column("users", name)
