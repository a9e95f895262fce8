"""Room on each page of recipients for the claims of all of them, which bear a lane's token and so are longer.

With half of a page free the last tenth of its claims went to another page, each with an entry in every index: a tenth
of the write-ahead log of a letter.
"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    fill_pages(44)


def downgrade() -> None:
    fill_pages(50)


def fill_pages(percent: int) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER TABLE recipients SET (fillfactor = {percent})")
