"""A start takes half of the time, and a letter costs less: the last foreign keys of the sending tables go.

The start locks the clients whom it writes into recipients, and an attempt is written together with a change of its
recipient, so neither needs to be looked for once more. Triggers do what the keys did when something is deleted.

A recipient's row is written three times a letter, and whole pages of them are claimed at once: with half of each page
free, PostgreSQL keeps all of that within the page (HOT).
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# Later migrations that copy mailings or clients (SQLite's batch mode) lose these, and have to make them again.
TRIGGERS_ON_SQLITE = (
    "CREATE TRIGGER mailings_take_recipients_along AFTER DELETE ON mailings "
    "BEGIN DELETE FROM recipients WHERE mailing_id = OLD.id; DELETE FROM attempts WHERE mailing_id = OLD.id; END",
    "CREATE TRIGGER clients_leave_their_recipients AFTER DELETE ON clients "
    "BEGIN UPDATE recipients SET client_id = NULL WHERE client_id = OLD.id; END",
)
# The recipients go first: that waits for a turn at them, and what it has logged is seen by the second statement.
TRIGGERS_ON_POSTGRESQL = (
    "CREATE OR REPLACE FUNCTION take_recipients_along() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN DELETE FROM recipients WHERE mailing_id = OLD.id; DELETE FROM attempts WHERE mailing_id = OLD.id; "
    "RETURN NULL; END $$",
    "CREATE FUNCTION leave_recipients() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN UPDATE recipients SET client_id = NULL FROM gone WHERE recipients.client_id = gone.id; "
    "RETURN NULL; END $$",
    "CREATE TRIGGER clients_leave_their_recipients AFTER DELETE ON clients REFERENCING OLD TABLE AS gone "
    "FOR EACH STATEMENT EXECUTE FUNCTION leave_recipients()",
)
OLD_TRIGGER_ON_SQLITE = (
    "CREATE TRIGGER mailings_take_recipients_along AFTER DELETE ON mailings "
    "BEGIN DELETE FROM recipients WHERE mailing_id = OLD.id; END"
)
OLD_FUNCTION_ON_POSTGRESQL = (
    "CREATE OR REPLACE FUNCTION take_recipients_along() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN DELETE FROM recipients WHERE mailing_id = OLD.id; RETURN NULL; END $$"
)


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    if is_sqlite:
        # It names a table that is about to be copied.
        op.execute("DROP TRIGGER mailings_take_recipients_along")
    with op.batch_alter_table("attempts") as batch:
        batch.drop_constraint("fk_attempts_recipient_id", type_="foreignkey")
    with op.batch_alter_table("recipients") as batch:
        batch.drop_constraint("fk_recipients_client_id", type_="foreignkey")
    for statement in TRIGGERS_ON_SQLITE if is_sqlite else TRIGGERS_ON_POSTGRESQL:
        op.execute(statement)
    if not is_sqlite:
        op.execute("ALTER TABLE recipients SET (fillfactor = 50)")


def downgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    if is_sqlite:
        op.execute("DROP TRIGGER mailings_take_recipients_along")
        op.execute("DROP TRIGGER clients_leave_their_recipients")
    else:
        op.execute("DROP TRIGGER clients_leave_their_recipients ON clients")
        op.execute("DROP FUNCTION leave_recipients()")
        op.execute("ALTER TABLE recipients SET (fillfactor = 80)")
    with op.batch_alter_table("recipients") as batch:
        batch.create_foreign_key("fk_recipients_client_id", "clients", ["client_id"], ["id"], ondelete="SET NULL")
    with op.batch_alter_table("attempts") as batch:
        batch.create_foreign_key("fk_attempts_recipient_id", "recipients", ["recipient_id"], ["id"], ondelete="CASCADE")
    op.execute(OLD_TRIGGER_ON_SQLITE if is_sqlite else OLD_FUNCTION_ON_POSTGRESQL)
