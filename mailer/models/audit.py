"""The audit log: who did what to which thing, when and from where. Rows are added, and never changed
or deleted; only an address that is erased goes from them, and leaves a mark."""

import enum
from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from mailer.models.base import Base, BigId, big_id, long_text, short_text, stored_by_value


class Action(enum.StrEnum):
    """What was done. The values are kept for ever, so a member may be added and none may change."""

    REGISTER = "register"
    LOGIN = "login"
    LOGIN_FAILED = "login_failed"
    LOGOUT = "logout"
    RESET_ASKED = "reset_asked"
    RESET = "reset"
    PASSWORD = "password"
    EMAIL = "email"
    ACCOUNT_DELETED = "account_deleted"
    CREATE_USER = "create_user"
    ROLE = "role"
    BLOCK = "block"
    UNBLOCK = "unblock"
    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    FINISH = "finish"
    RESEND = "resend"
    DISABLE = "disable"
    ENABLE = "enable"
    DELETE = "delete"
    IMPORT = "import"
    EXPORT = "export"
    SUPPRESS = "suppress"
    ALLOW = "allow"
    RELEASE = "release"
    BACKUP = "backup"
    RESTORE = "restore"
    HOLD = "hold"
    PRUNE = "prune"
    ERASE = "erase"


class ThingKind(enum.StrEnum):
    """What something was done to."""

    USER = "user"
    MAILING = "mailing"
    MESSAGE = "message"
    CLIENT = "client"
    # A whole list, as in an import or an export.
    CLIENTS = "clients"
    # One address in everything that an owner has. It is not named: the log would keep it.
    ADDRESS = "address"
    MESSAGES = "messages"
    MAILINGS = "mailings"
    ATTEMPTS = "attempts"
    REPORT = "report"
    SUPPRESSION = "suppression"
    # The account that mail leaves through.
    ACCOUNT = "account"


class AuditEntry(Base):
    """One line of the log. The database itself refuses to change or delete it, but for an erasure (see the migrations).

    It refers to nothing: whoever and whatever it names may be deleted, so names and addresses are copied in.
    """

    __tablename__ = "audit_log"
    __table_args__ = (
        Index(None, "thing_kind", "thing_id", "id"),
        Index(None, "action", "id"),
        Index(None, "happened_at"),
    )

    id: Mapped[big_id]
    happened_at: Mapped[datetime]
    # Empty where a machine or a shell acted, or somebody who is not signed in.
    actor_id: Mapped[int | None] = mapped_column(BigId)
    # The address at that time; of a failed login the address that was typed.
    actor_email: Mapped[short_text]
    action: Mapped[Action] = mapped_column(stored_by_value(Action))
    thing_kind: Mapped[ThingKind | None] = mapped_column(stored_by_value(ThingKind))
    thing_id: Mapped[int | None] = mapped_column(BigId)
    thing_name: Mapped[long_text]
    # A reason, a count, or what was before and after.
    note: Mapped[long_text]
    # An IP address, or the place of a machine: the command line, the schedule.
    place: Mapped[str] = mapped_column(String(64))
    # Person, thing, note and place, casefolded, for the search.
    search_key: Mapped[long_text]
