"""Lanes, each one worker's run at one mailing; and holds, each a stop with a reason."""

import enum
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mailer.models.base import Base, BigId, big_id, long_text, stored_by_value
from mailer.models.users import User


class Lane(Base):
    """The row is the lane's right to write: who deletes it ends the lane, whatever its process is doing."""

    __tablename__ = "lanes"

    token: Mapped[str] = mapped_column(String(32), primary_key=True)
    mailing_id: Mapped[int] = mapped_column(BigId, ForeignKey("mailings.id", ondelete="CASCADE"), index=True)
    host: Mapped[str] = mapped_column(String(255))
    # Tells this boot (and this container) of the host from another, so that a process id means something.
    boot_id: Mapped[str] = mapped_column(String(128))
    pid: Mapped[int]
    # When the process began, in the kernel's own units, because process ids come round again.
    pid_began: Mapped[str] = mapped_column(String(32))
    # The domain of its letters' Message-IDs, so that whoever ends the lane can name those left unanswered.
    letter_domain: Mapped[str] = mapped_column(String(255))
    started_at: Mapped[datetime]
    heartbeat_at: Mapped[datetime]


class HoldKind(enum.StrEnum):
    """Why a mailing, or the account, stands still."""

    PAUSED = "paused"
    DISABLED = "disabled"
    # Stays when the owner is unblocked, until the owner resumes the mailing.
    OWNER_BLOCKED = "owner_blocked"
    LOGIN_REFUSED = "login_refused"
    SENDER_REFUSED = "sender_refused"
    UNREACHABLE = "unreachable"
    BLOCKED = "blocked"
    QUOTA = "quota"
    CERTIFICATE = "certificate"
    BAD_RESULTS = "bad_results"
    # The database was restored, and does not know what of this mailing has gone out since the backup.
    RESTORED = "restored"


IS_ACTIVE = text("lifted_at IS NULL")


class Hold(Base):
    """A stop of one mailing, or of the account where mailing_id is empty, from placed_at until it is lifted.

    A hold with an `until` ends by itself then; its row stays until it is lifted, and is looked past.
    """

    __tablename__ = "holds"
    __table_args__ = (
        Index(
            "uq_holds_active",
            text("coalesce(mailing_id, 0)"),
            "kind",
            unique=True,
            sqlite_where=IS_ACTIVE,
            postgresql_where=IS_ACTIVE,
        ),
    )

    id: Mapped[big_id]
    mailing_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("mailings.id", ondelete="CASCADE"), index=True)
    kind: Mapped[HoldKind] = mapped_column(stored_by_value(HoldKind))
    # A person's words for a mailing; the mail server's for the account.
    reason: Mapped[long_text] = mapped_column(default="")
    code: Mapped[int | None]
    # How many times in a row this has happened; the pauses of an unreachable server grow with it.
    failures: Mapped[int] = mapped_column(default=0)
    placed_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("users.id", ondelete="SET NULL"))
    placed_at: Mapped[datetime]
    until: Mapped[datetime | None]
    lifted_at: Mapped[datetime | None]
    # Of the account: after `until`, whoever's token stands here tries with one letter, and nobody else sends.
    probe: Mapped[str | None] = mapped_column(String(32))
    # How long that try may take; empty for a lane, whose row tells.
    probe_until: Mapped[datetime | None]
    # When owners and admins were told that the account works again.
    told_at: Mapped[datetime | None]

    placed_by: Mapped[User | None] = relationship(lazy="raise_on_sql")
