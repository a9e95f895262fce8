"""The clients of a domain in an SQLite database are found by an index alone.

Of two indexes that begin with the owner SQLite prefers one that holds all it needs, as that of the addresses does, to
one that leads further. So it went through all addresses of an owner. Nothing changes on PostgreSQL.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

NAME = "ix_clients_domain"
DOMAIN = sa.text("(CASE WHEN instr(email_key, '@') > 0 THEN substr(email_key, instr(email_key, '@') + 1) ELSE '' END)")


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.drop_index(NAME, "clients")
        op.create_index(NAME, "clients", ["owner_id", DOMAIN, "email_key"])
        if sa.inspect(op.get_bind()).has_table("sqlite_stat1"):
            # As in 0019: no index may be without statistics where the others have some.
            op.execute("PRAGMA analysis_limit = 1000")
            op.execute("ANALYZE clients")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.drop_index(NAME, "clients")
        op.create_index(NAME, "clients", ["owner_id", DOMAIN])
