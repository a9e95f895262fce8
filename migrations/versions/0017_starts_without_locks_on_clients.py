"""A start locks its owner's file once, not each client, whose locks were a third of what a start wrote to the disk.

Whoever deletes clients takes the other part of that lock (mailer/domain/on_file.py) before their recipients are looked
for, so that none is missed whose start is about to commit. The owner's row comes first, as everywhere.
"""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

FUNCTION = (
    "CREATE OR REPLACE FUNCTION leave_recipients() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {lock} "
    "UPDATE recipients SET client_id = NULL FROM gone WHERE recipients.client_id = gone.id; RETURN NULL; END $$"
)
LOCK = (
    "PERFORM FROM users WHERE id IN (SELECT owner_id FROM gone) ORDER BY id FOR KEY SHARE; "
    "PERFORM pg_advisory_xact_lock(20261126, owner) "
    "FROM (SELECT DISTINCT (owner_id % 2147483647)::integer AS owner FROM gone ORDER BY 1) AS owners;"
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(FUNCTION.format(lock=LOCK))


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(FUNCTION.format(lock=""))
