"""What recognizes an address that was erased, and a log that can lose an address, visibly, and nothing else.

The audit log goes on refusing every change and deletion but one: the name of a thing, or a note, may become a text that
says that something was erased from it.
"""

import sqlalchemy as sa
from alembic import op

from mailer.models.base import UtcDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

REFUSAL = "the audit log is only ever added to"
MARK = "[erased]"
KEPT = ("id", "happened_at", "actor_id", "actor_email", "action", "thing_kind", "thing_id", "place")


def is_erasure(same: str) -> str:
    """Whether OLD becomes NEW by losing words alone; `same` is how the database compares what may be empty."""
    kept = " AND ".join(f"NEW.{name} {same} OLD.{name}" for name in KEPT)
    may_lose = " AND ".join(
        f"(NEW.{name} {same} OLD.{name} OR NEW.{name} LIKE '%{MARK}%')" for name in ("thing_name", "note", "search_key")
    )
    return f"{kept} AND {may_lose}"


def upgrade() -> None:
    op.create_table(
        "erased_addresses",
        sa.Column("owner_id", BIG_ID, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("erased_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_erased_addresses_owner_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("owner_id", "digest", name="pk_erased_addresses"),
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER audit_log_refuses_update")
        op.execute(
            f"CREATE TRIGGER audit_log_refuses_update BEFORE UPDATE ON audit_log WHEN NOT ({is_erasure('IS')}) "
            f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        )
    else:
        op.execute(
            "CREATE OR REPLACE FUNCTION refuse_change_of_audit_log() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF TG_OP = 'UPDATE' THEN IF {is_erasure('IS NOT DISTINCT FROM')} THEN RETURN NEW; END IF; END IF; "
            f"RAISE EXCEPTION '{REFUSAL}'; END $$"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER audit_log_refuses_update")
        op.execute(
            "CREATE TRIGGER audit_log_refuses_update BEFORE UPDATE ON audit_log "
            f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        )
    else:
        op.execute(
            "CREATE OR REPLACE FUNCTION refuse_change_of_audit_log() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$"
        )
    op.drop_table("erased_addresses")
