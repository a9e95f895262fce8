"""Indexes for every order of the lists, and when a mailing was last saved."""

import sqlalchemy as sa
from alembic import op

from mailer.models.base import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INDEXES = {
    "clients": [["owner_id", "id"]],
    "messages": [["owner_id", "subject_key", "id"], ["owner_id", "updated_at", "id"]],
    "mailings": [["owner_id", "search_key", "id"], ["owner_id", "start_time", "id"]],
}


def upgrade() -> None:
    # SQLite adds a column that is never empty only with a default; it is filled in at once.
    op.add_column("messages", sa.Column("subject_key", sa.String(length=300), nullable=False, server_default=""))
    fill_subject_keys()
    op.add_column(
        "mailings", sa.Column("updated_at", UtcDateTime(), nullable=False, server_default="1970-01-01 00:00:00+00:00")
    )
    op.execute("UPDATE mailings SET updated_at = created_at")
    for table, indexes in INDEXES.items():
        for columns in indexes:
            op.create_index("_".join(["ix", table, *columns]), table, columns)


def fill_subject_keys() -> None:
    messages = sa.table(
        "messages", sa.column("id", sa.BigInteger), sa.column("subject", sa.String), sa.column("subject_key", sa.String)
    )
    connection = op.get_bind()
    rows = connection.execute(sa.select(messages.c.id, messages.c.subject)).all()
    keys = [{"of": id_, "key": subject.casefold()[:300]} for id_, subject in rows]
    if keys:
        filled = sa.update(messages).where(messages.c.id == sa.bindparam("of")).values(subject_key=sa.bindparam("key"))
        connection.execute(filled, keys)


def downgrade() -> None:
    for table, indexes in INDEXES.items():
        for columns in indexes:
            op.drop_index("_".join(["ix", table, *columns]), table)
    op.drop_column("mailings", "updated_at")
    op.drop_column("messages", "subject_key")
