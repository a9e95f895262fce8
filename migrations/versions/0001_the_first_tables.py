"""The first tables."""

import sqlalchemy as sa
from alembic import op

from mailer.models.base import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# SQLite numbers rows by itself only where the key's type is exactly INTEGER.
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "shared_settings",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_shared_settings"),
    )
    op.create_table(
        "users",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("email_key", sa.String(length=320), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("full_name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.Enum("user", "manager", "admin", native_enum=False, length=16), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("session_token", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("blocked_at", UtcDateTime(), nullable=True),
        sa.Column("blocked_reason", sa.String(length=500), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("email_key", name="uq_users_email_key"),
    )
    op.create_table(
        "clients",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("owner_id", BIG_ID, nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("email_key", sa.String(length=320), nullable=False),
        sa.Column("full_name", sa.String(length=200), nullable=False),
        sa.Column("name_key", sa.String(length=300), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("search_key", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_clients_owner_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_clients"),
        sa.UniqueConstraint("owner_id", "email_key", name="uq_clients_owner_id_email_key"),
    )
    op.create_index("ix_clients_owner_id_name_key_id", "clients", ["owner_id", "name_key", "id"])
    op.create_table(
        "installation",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("first_admin_id", BIG_ID, nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("id = 1", name="ck_installation_single_row"),
        sa.ForeignKeyConstraint(
            ["first_admin_id"], ["users.id"], name="fk_installation_first_admin_id", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_installation"),
    )
    op.create_table(
        "messages",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("owner_id", BIG_ID, nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("search_key", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_messages_owner_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
    )
    op.create_index("ix_messages_owner_id_id", "messages", ["owner_id", "id"])
    op.create_table(
        "mailings",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("owner_id", BIG_ID, nullable=False),
        sa.Column("message_id", BIG_ID, nullable=True),
        sa.Column("audience", sa.Enum("all", "selected", native_enum=False, length=16), nullable=False),
        sa.Column("start_time", UtcDateTime(), nullable=False),
        sa.Column("end_time", UtcDateTime(), nullable=False),
        sa.Column("status", sa.Enum("created", "started", "completed", native_enum=False, length=16), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("search_key", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("rung_at", UtcDateTime(), nullable=True),
        sa.Column("claimed_up_to", BIG_ID, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("completed_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("status <> 'created' OR message_id IS NOT NULL", name="ck_mailings_message_until_start"),
        sa.CheckConstraint("end_time > start_time", name="ck_mailings_window"),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name="fk_mailings_message_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_mailings_owner_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_mailings"),
    )
    op.create_index("ix_mailings_message_id", "mailings", ["message_id"])
    op.create_index("ix_mailings_owner_id_id", "mailings", ["owner_id", "id"])
    op.create_index("ix_mailings_status_start_time", "mailings", ["status", "start_time"])
    op.create_table(
        "holds",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("mailing_id", BIG_ID, nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "paused", "disabled", "login_refused", "sender_refused", "unreachable", native_enum=False, length=16
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("placed_by_id", BIG_ID, nullable=True),
        sa.Column("placed_at", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=True),
        sa.Column("lifted_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["mailing_id"], ["mailings.id"], name="fk_holds_mailing_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["placed_by_id"], ["users.id"], name="fk_holds_placed_by_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_holds"),
    )
    op.create_index("ix_holds_mailing_id", "holds", ["mailing_id"])
    op.create_index(
        "uq_holds_active",
        "holds",
        [sa.text("coalesce(mailing_id, 0)"), "kind"],
        unique=True,
        sqlite_where=sa.text("lifted_at IS NULL"),
        postgresql_where=sa.text("lifted_at IS NULL"),
    )
    op.create_table(
        "lanes",
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.Column("mailing_id", BIG_ID, nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("boot_id", sa.String(length=128), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("pid_began", sa.String(length=32), nullable=False),
        sa.Column("letter_domain", sa.String(length=255), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("heartbeat_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["mailing_id"], ["mailings.id"], name="fk_lanes_mailing_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token", name="pk_lanes"),
    )
    op.create_index("ix_lanes_mailing_id", "lanes", ["mailing_id"])
    op.create_table(
        "recipients",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("mailing_id", BIG_ID, nullable=False),
        sa.Column("client_id", BIG_ID, nullable=True),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("email_key", sa.String(length=320), nullable=False),
        sa.Column("full_name", sa.String(length=200), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "pending",
                "claimed",
                "begun",
                "accepted",
                "failed",
                "unknown",
                "suppressed",
                "expired",
                native_enum=False,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("lane", sa.String(length=32), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", UtcDateTime(), nullable=True),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name="fk_recipients_client_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["mailing_id"], ["mailings.id"], name="fk_recipients_mailing_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_recipients"),
        postgresql_with={"fillfactor": 80},
    )
    op.create_index("ix_recipients_client_id", "recipients", ["client_id"])
    op.create_index("ix_recipients_mailing_id_id", "recipients", ["mailing_id", "id"])
    op.create_index(
        "ix_recipients_next_attempt",
        "recipients",
        ["mailing_id", "next_attempt_at"],
        sqlite_where=sa.text("next_attempt_at IS NOT NULL"),
        postgresql_where=sa.text("next_attempt_at IS NOT NULL"),
    )
    op.create_table(
        "selected_clients",
        sa.Column("mailing_id", BIG_ID, nullable=False),
        sa.Column("client_id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name="fk_selected_clients_client_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["mailing_id"], ["mailings.id"], name="fk_selected_clients_mailing_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("mailing_id", "client_id", name="pk_selected_clients"),
    )
    op.create_index("ix_selected_clients_client_id", "selected_clients", ["client_id"])
    op.create_table(
        "suppressions",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("owner_id", BIG_ID, nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("email_key", sa.String(length=320), nullable=False),
        sa.Column(
            "reason",
            sa.Enum("unsubscribed", "by_hand", "hard_failure", "deleted", "complaint", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column("mailing_id", BIG_ID, nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("lifted_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["mailing_id"], ["mailings.id"], name="fk_suppressions_mailing_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_suppressions_owner_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_suppressions"),
    )
    op.create_index("ix_suppressions_mailing_id", "suppressions", ["mailing_id"])
    op.create_index(
        "uq_suppressions_active",
        "suppressions",
        ["owner_id", "email_key"],
        unique=True,
        sqlite_where=sa.text("lifted_at IS NULL"),
        postgresql_where=sa.text("lifted_at IS NULL"),
    )
    op.create_table(
        "attempts",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("mailing_id", BIG_ID, nullable=False),
        sa.Column("recipient_id", BIG_ID, nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("attempted_at", UtcDateTime(), nullable=False),
        sa.Column(
            "status", sa.Enum("success", "failed", "deferred", "unknown", native_enum=False, length=16), nullable=False
        ),
        sa.Column(
            "verdict",
            sa.Enum(
                "accepted", "recipient", "content", "account", "temporary", "unknown", native_enum=False, length=16
            ),
            nullable=False,
        ),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.Column("letter_id", sa.String(length=255), nullable=True),
        sa.ForeignKeyConstraint(["mailing_id"], ["mailings.id"], name="fk_attempts_mailing_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["recipient_id"], ["recipients.id"], name="fk_attempts_recipient_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_attempts"),
    )
    op.create_index("ix_attempts_mailing_id_id", "attempts", ["mailing_id", "id"])
    op.create_index("ix_attempts_recipient_id_id", "attempts", ["recipient_id", "id"])


def downgrade() -> None:
    op.drop_table("attempts")
    op.drop_table("suppressions")
    op.drop_table("selected_clients")
    op.drop_table("recipients")
    op.drop_table("lanes")
    op.drop_table("holds")
    op.drop_table("mailings")
    op.drop_table("messages")
    op.drop_table("installation")
    op.drop_table("clients")
    op.drop_table("users")
    op.drop_table("shared_settings")
