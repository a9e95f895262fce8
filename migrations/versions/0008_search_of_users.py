"""Users are found by name and address in any case."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The default is for the rows that are there, which are filled in below; the program always says what it means.
    op.add_column("users", sa.Column("search_key", sa.Text(), nullable=False, server_default=""))
    users = sa.table("users", sa.column("id"), sa.column("email"), sa.column("full_name"), sa.column("search_key"))
    connection = op.get_bind()
    # Folded here and not in SQL, because SQLite's lower() knows ASCII only.
    for row in connection.execute(sa.select(users.c.id, users.c.email, users.c.full_name)).all():
        search_key = f"{row.full_name}\n{row.email}".casefold()
        connection.execute(users.update().where(users.c.id == row.id).values(search_key=search_key))


def downgrade() -> None:
    op.drop_column("users", "search_key")
