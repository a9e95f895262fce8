"""Forms that have made something, so that one that comes twice makes it once."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from mailer.models.base import Base, BigId


class SentForm(Base):
    """A form by a digest of its name and of what stood in it, and the id of what it has made."""

    __tablename__ = "sent_forms"
    __table_args__ = (Index(None, "owner_id", "sent_at"),)

    owner_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    # Empty only within the transaction that makes the thing.
    made_id: Mapped[int | None] = mapped_column(BigId)
    sent_at: Mapped[datetime]
