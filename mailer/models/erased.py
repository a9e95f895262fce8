"""Addresses that were erased at a person's wish: not the addresses, but what recognizes them."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from mailer.models.base import Base, BigId


class ErasedAddress(Base):
    """One address that this owner must never have on file again; by its digest alone (mailer.domain.erased)."""

    __tablename__ = "erased_addresses"

    owner_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    erased_at: Mapped[datetime]
