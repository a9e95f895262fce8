"""A start and a letter cost less: recipients and attempts name their mailing without a foreign key.

Recipients are only ever written by the start of their mailing, and attempts follow their recipients. A trigger
deletes the recipients with their mailing, as the foreign key did.
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

NAMES = {"recipients": "fk_recipients_mailing_id", "attempts": "fk_attempts_mailing_id"}


def upgrade() -> None:
    for table, name in NAMES.items():
        with op.batch_alter_table(table) as batch:
            batch.drop_constraint(name, type_="foreignkey")
    if op.get_bind().dialect.name == "sqlite":
        # A later migration that copies the table of mailings (batch mode) loses it, and has to make it again.
        op.execute(
            "CREATE TRIGGER mailings_take_recipients_along AFTER DELETE ON mailings "
            "BEGIN DELETE FROM recipients WHERE mailing_id = OLD.id; END"
        )
    else:
        op.execute(
            "CREATE FUNCTION take_recipients_along() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN DELETE FROM recipients WHERE mailing_id = OLD.id; RETURN NULL; END $$"
        )
        op.execute(
            "CREATE TRIGGER mailings_take_recipients_along AFTER DELETE ON mailings "
            "FOR EACH ROW EXECUTE FUNCTION take_recipients_along()"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER mailings_take_recipients_along")
    else:
        op.execute("DROP TRIGGER mailings_take_recipients_along ON mailings")
        op.execute("DROP FUNCTION take_recipients_along()")
    for table, name in NAMES.items():
        with op.batch_alter_table(table) as batch:
            batch.create_foreign_key(name, "mailings", ["mailing_id"], ["id"], ondelete="CASCADE")
