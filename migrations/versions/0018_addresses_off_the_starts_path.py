"""Whom a letter was for is found through the clients, so that a start no longer sorts its recipients by address.

That index was a third of what a start does. A client knows the address of now, and `former_addresses` those before;
only recipients whose client is gone are still found by an index of their own.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
HAS_CLIENT, HAS_NO_CLIENT = sa.text("client_id IS NOT NULL"), sa.text("client_id IS NULL")
# As mailer.models.portable.domain_of writes it: an index is found by its very expression.
DOMAIN_ON_SQLITE = "(CASE WHEN instr(email_key, '@') > 0 THEN substr(email_key, instr(email_key, '@') + 1) ELSE '' END)"
DOMAIN_ON_POSTGRESQL = "split_part(email_key, '@', 2)"

KEEP_FORMER = (
    "INSERT INTO former_addresses (client_id, owner_id, email_key) SELECT OLD.id, OLD.owner_id, OLD.email_key "
    "WHERE NOT EXISTS (SELECT * FROM former_addresses WHERE client_id = OLD.id AND email_key = OLD.email_key);"
)
TRIGGER_ON_SQLITE = (
    "CREATE TRIGGER clients_keep_former_address AFTER UPDATE OF email_key ON clients "
    f"WHEN OLD.email_key IS NOT NEW.email_key BEGIN {KEEP_FORMER} END"
)
TRIGGERS_ON_POSTGRESQL = (
    f"CREATE FUNCTION keep_former_address() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {KEEP_FORMER} "
    "RETURN NULL; END $$",
    "CREATE TRIGGER clients_keep_former_address AFTER UPDATE OF email_key ON clients FOR EACH ROW "
    "WHEN (OLD.email_key IS DISTINCT FROM NEW.email_key) EXECUTE FUNCTION keep_former_address()",
)


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    op.create_table(
        "former_addresses",
        sa.Column("client_id", BIG_ID, nullable=False),
        sa.Column("email_key", sa.String(length=320), nullable=False),
        sa.Column("owner_id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name="fk_former_addresses_client_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("client_id", "email_key", name="pk_former_addresses"),
    )
    op.create_index("ix_former_addresses_owner_id_email_key", "former_addresses", ["owner_id", "email_key"])
    op.execute(
        "INSERT INTO former_addresses (client_id, owner_id, email_key) "
        "SELECT DISTINCT clients.id, clients.owner_id, recipients.email_key FROM recipients "
        "JOIN clients ON clients.id = recipients.client_id WHERE clients.email_key <> recipients.email_key"
    )
    for statement in (TRIGGER_ON_SQLITE,) if is_sqlite else TRIGGERS_ON_POSTGRESQL:
        op.execute(statement)
    domain = sa.text(DOMAIN_ON_SQLITE if is_sqlite else DOMAIN_ON_POSTGRESQL)
    op.create_index("ix_clients_domain", "clients", ["owner_id", domain])
    op.drop_index("ix_recipients_address", "recipients")
    op.create_index(
        "ix_recipients_gone_address",
        "recipients",
        ["mailing_id", domain, "email_key"],
        sqlite_where=HAS_NO_CLIENT,
        postgresql_where=HAS_NO_CLIENT,
    )
    op.create_index(
        "ix_recipients_client_id_mailing_id",
        "recipients",
        ["client_id", "mailing_id"],
        sqlite_where=HAS_CLIENT,
        postgresql_where=HAS_CLIENT,
    )
    op.drop_index("ix_recipients_client_id", "recipients")


def downgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    op.create_index("ix_recipients_client_id", "recipients", ["client_id"])
    op.drop_index("ix_recipients_client_id_mailing_id", "recipients")
    op.drop_index("ix_recipients_gone_address", "recipients")
    domain = sa.text(DOMAIN_ON_SQLITE if is_sqlite else DOMAIN_ON_POSTGRESQL)
    op.create_index("ix_recipients_address", "recipients", ["mailing_id", domain, "email_key"])
    op.drop_index("ix_clients_domain", "clients")
    op.execute("DROP TRIGGER clients_keep_former_address" + ("" if is_sqlite else " ON clients"))
    if not is_sqlite:
        op.execute("DROP FUNCTION keep_former_address()")
    op.drop_table("former_addresses")
