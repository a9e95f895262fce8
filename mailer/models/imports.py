"""Files of clients that are being put on file. The file itself lives here, because any host may do the work."""

import enum
from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, deferred, mapped_column

from mailer.models.base import Base, BigId, big_id, long_text, stored_by_value


class ImportFailure(enum.StrEnum):
    """Why a file could not be taken at all."""

    NO_EMAIL_COLUMN = "no_email_column"


class ClientImport(Base):
    """One upload, how far it is, and what became of its lines."""

    __tablename__ = "client_imports"
    __table_args__ = (Index(None, "owner_id", "id"),)

    id: Mapped[big_id]
    owner_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.id", ondelete="CASCADE"))
    file_name: Mapped[str] = mapped_column(String(200))
    # The uploaded bytes; empty once they have been worked through.
    content: Mapped[bytes | None] = deferred(mapped_column(LargeBinary))
    size: Mapped[int]
    bytes_done: Mapped[int] = mapped_column(default=0)
    # Rows worked through, whatever became of them. Whoever moves it on from what they read has the turn.
    rows_done: Mapped[int] = mapped_column(default=0)
    added: Mapped[int] = mapped_column(default=0)
    updated: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    # The first of the refused lines, as a JSON list of pairs: line number, name of the problem.
    problems: Mapped[long_text] = mapped_column(default="[]")
    failure: Mapped[ImportFailure | None] = mapped_column(stored_by_value(ImportFailure))
    created_at: Mapped[datetime]
    # When the queue was last told, or a worker last showed itself.
    rung_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
