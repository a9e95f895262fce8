"""Notices: letters of the system itself to its users, each of which may carry a link that works once."""

import enum
from datetime import datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from mailer.models.base import Base, BigId, big_id, short_text, stored_by_value


class NoticeKind(enum.StrEnum):
    """What a letter is about; its text stands in templates/mail/<value>/."""

    CONFIRM_ADDRESS = "confirm_address"
    NEW_ADDRESS = "new_address"
    ADDRESS_CHANGED = "address_changed"
    RESET_PASSWORD = "reset_password"
    PASSWORD_CHANGED = "password_changed"


IS_UNSENT = text("next_try_at IS NOT NULL")


class Notice(Base):
    """A letter that is to go out. The row is the truth and the queue a doorbell, as with mailings.

    It holds no secret: the link is worked out from the row and the installation's key.
    """

    __tablename__ = "notices"
    __table_args__ = (
        Index("ix_notices_next_try", "next_try_at", sqlite_where=IS_UNSENT, postgresql_where=IS_UNSENT),
    )

    id: Mapped[big_id]
    kind: Mapped[NoticeKind] = mapped_column(stored_by_value(NoticeKind))
    # Empty while nobody has looked yet whose address this is: who asks for a new password learns nothing from us.
    user_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("users.id", ondelete="CASCADE"), index=True)
    email: Mapped[short_text]
    created_at: Mapped[datetime]
    # The end of the link, and of the tries to send it.
    expires_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    # Empty once the mail server has it, or nobody will try any more.
    next_try_at: Mapped[datetime | None]
    # When the queue was last told; empty when a worker has answered.
    rung_at: Mapped[datetime | None]
    # When the link was followed, or became void.
    used_at: Mapped[datetime | None]
