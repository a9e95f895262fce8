"""Sums of completed mailings are kept as rows, so that a report does not read every recipient and attempt.

A late answer settles a recipient who was unknown although the mailing is over: a trigger notes that its sums are to be
made anew. None of a letter's own changes of state fits its condition, which costs it some two microseconds on SQLite.
"""

import sqlalchemy as sa
from alembic import op

from mailer.models.base import UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

BOOKS = ("accepted", "failed", "unknown", "suppressed", "expired")
STATUSES = ("success", "failed", "deferred", "unknown")

IS_LATE = "OLD.state = 'unknown' AND NEW.state IN ('accepted', 'failed')"
STALE = "UPDATE mailing_sums SET changes = changes + 1 WHERE mailing_id = NEW.mailing_id;"
# Later migrations that copy the recipients (SQLite's batch mode) lose this one, and have to make it again.
TRIGGER_ON_SQLITE = (
    f"CREATE TRIGGER recipients_make_sums_stale AFTER UPDATE OF state ON recipients WHEN {IS_LATE} BEGIN {STALE} END"
)
TRIGGER_ON_POSTGRESQL = (
    f"CREATE FUNCTION make_sums_stale() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {STALE} RETURN NULL; END $$",
    "CREATE TRIGGER recipients_make_sums_stale AFTER UPDATE OF state ON recipients "
    f"FOR EACH ROW WHEN ({IS_LATE}) EXECUTE FUNCTION make_sums_stale()",
)


def upgrade() -> None:
    op.create_table(
        "mailing_sums",
        sa.Column("mailing_id", BIG_ID, nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("summed_changes", sa.Integer(), nullable=True),
        sa.Column("summed_at", UtcDateTime(), nullable=True),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in BOOKS),
        mailing_of("mailing_sums"),
        sa.PrimaryKeyConstraint("mailing_id", name="pk_mailing_sums"),
    )
    op.create_table(
        "quarter_sums",
        *key(),
        sa.Column("quarter", sa.Integer(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in STATUSES),
        mailing_of("quarter_sums"),
        sa.PrimaryKeyConstraint("mailing_id", "is_gone", "quarter", name="pk_quarter_sums"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_quarter_sums_quarter", "quarter_sums", ["quarter"])
    op.create_table(
        "domain_sums",
        *key(),
        sa.Column("domain", sa.String(length=255), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in STATUSES),
        mailing_of("domain_sums"),
        sa.PrimaryKeyConstraint("mailing_id", "is_gone", "domain", name="pk_domain_sums"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "reply_sums",
        *key(),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("example", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        mailing_of("reply_sums"),
        sa.PrimaryKeyConstraint("mailing_id", "is_gone", "number", name="pk_reply_sums"),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(TRIGGER_ON_SQLITE)
    else:
        for statement in TRIGGER_ON_POSTGRESQL:
            op.execute(statement)


def key() -> tuple[sa.Column, sa.Column]:
    return (
        sa.Column("mailing_id", BIG_ID, nullable=False),
        sa.Column("is_gone", sa.Boolean(), nullable=False),
    )


def mailing_of(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["mailing_id"], ["mailings.id"], name=f"fk_{table}_mailing_id", ondelete="CASCADE")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER recipients_make_sums_stale")
    else:
        op.execute("DROP TRIGGER recipients_make_sums_stale ON recipients")
        op.execute("DROP FUNCTION make_sums_stale()")
    for table in ("reply_sums", "domain_sums", "quarter_sums", "mailing_sums"):
        op.drop_table(table)
