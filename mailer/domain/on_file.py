"""Who is on file stays there while a mailing starts: a lock between starts and whoever takes clients away.

One per owner: locks on each client would be a third of what a start writes to the disk. A trigger on `clients` takes
the part of those who delete, however they do it (`leave_recipients`, migration 0017). SQLite has one writer at a time
and needs neither. Both parts share the owner's row first, which whoever erases an address has alone.
"""

from sqlalchemy import func, select

from mailer.models.transactions import AnySession
from mailer.models.users import User

# The first half of the lock's key; the second is the owner, folded into 32 bits. The trigger has both as well.
ADVISORY_CLASS = 20261126
ADVISORY_IDS = 2_147_483_647


def keep_clients_on_file(session: AnySession, owner_id: int) -> None:
    """Until the transaction ends none of this owner's clients can go; who is going already is waited for.

    Many can hold it at once. Look for the clients in a statement that follows.
    """
    if session.get_bind().dialect.name == "sqlite":
        return
    session.execute(select(User.id).where(User.id == owner_id).with_for_update(read=True, key_share=True))
    session.execute(select(func.pg_advisory_xact_lock_shared(ADVISORY_CLASS, owner_id % ADVISORY_IDS)))
