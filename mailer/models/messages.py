"""Messages: the texts of letters."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from mailer.models.base import Base, BigId, big_id, long_text


class Message(Base):
    __tablename__ = "messages"
    # Each order of the list is a walk along one of these.
    __table_args__ = (
        Index(None, "owner_id", "id"),
        Index(None, "owner_id", "subject_key", "id"),
        Index(None, "owner_id", "updated_at", "id"),
    )

    id: Mapped[big_id]
    owner_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.id", ondelete="CASCADE"))
    subject: Mapped[str] = mapped_column(String(200))
    # The subject as it is sorted: casefolded here, because SQLite's lower() knows ASCII only.
    subject_key: Mapped[str] = mapped_column(String(300), default="")
    body: Mapped[long_text]
    # Subject and the beginning of the body, casefolded, for the search.
    search_key: Mapped[long_text]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
