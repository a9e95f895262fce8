"""The ledger of letters that have left through the account: what its limits are reckoned from."""

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from mailer.models.base import Base


class LetterSlot(Base):
    """The letters begun within one slot of time, those of mailings and of the system alike.

    Each letter counts in two slots: one of a second, for limits of a minute, and one of a minute, for longer ones. It
    refers to nothing, so that no deletion makes room that the mail server knows nothing of.
    """

    __tablename__ = "letter_slots"

    slot_seconds: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    # Whole seconds since 1970 by the database's clock.
    began_at: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    letters: Mapped[int]
