"""What the log of attempts is searched by: what went wrong, and whom it was for.

The three indexes of attempts leave out the letters that were accepted, so they cost the delivery nothing. The one of
recipients costs a start some microseconds a row, and a letter nothing: an address never changes while it is sent to.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

IS_TROUBLE = sa.text("status <> 'success'")
TROUBLES = (("status", "verdict", "code"), ("verdict", "status", "code"), ("code", "status", "verdict"))
# As mailer.models.portable.domain_of writes it: an index is found by its very expression.
DOMAIN_ON_SQLITE = "(CASE WHEN instr(email_key, '@') > 0 THEN substr(email_key, instr(email_key, '@') + 1) ELSE '' END)"
DOMAIN_ON_POSTGRESQL = "split_part(email_key, '@', 2)"


def upgrade() -> None:
    for first, *others in TROUBLES:
        op.create_index(
            f"ix_attempts_trouble_{first}",
            "attempts",
            ["mailing_id", first, "id", *others],
            sqlite_where=IS_TROUBLE,
            postgresql_where=IS_TROUBLE,
        )
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    domain = sa.text(DOMAIN_ON_SQLITE if is_sqlite else DOMAIN_ON_POSTGRESQL)
    op.create_index("ix_recipients_address", "recipients", ["mailing_id", domain, "email_key"])


def downgrade() -> None:
    op.drop_index("ix_recipients_address", "recipients")
    for first, *_others in TROUBLES:
        op.drop_index(f"ix_attempts_trouble_{first}", "attempts")
