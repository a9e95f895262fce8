"""Accounts of people with their pictures, and the one row that decides who was first."""

import enum
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, validates

from mailer.models.base import Base, BigId, big_id, long_text, short_text, stored_by_value


class Role(enum.StrEnum):
    USER = "user"
    MANAGER = "manager"
    ADMIN = "admin"


class User(Base):
    __tablename__ = "users"

    id: Mapped[big_id]
    email: Mapped[short_text]
    # The address as it is compared: casefolded, its domain in ASCII.
    email_key: Mapped[str] = mapped_column(String(320), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    full_name: Mapped[str] = mapped_column(String(200), default="")
    role: Mapped[Role] = mapped_column(stored_by_value(Role))
    # Of the form +79161234567 (E.164), or empty.
    phone: Mapped[str] = mapped_column(String(16), default="")
    # Two letters (ISO 3166-1), or empty.
    country: Mapped[str] = mapped_column(String(2), default="")
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC")
    # Empty: the one that the browser asks for.
    language: Mapped[str] = mapped_column(String(8), default="")
    # Names the picture's content; empty while the initials stand in for one.
    avatar_digest: Mapped[str] = mapped_column(String(64), default="")
    # Name and address, casefolded, for the search.
    search_key: Mapped[long_text]
    # Part of every session's cookie: a new value ends the sessions that hold the old one.
    session_token: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    # When the owner of the address has shown that letters to it arrive.
    confirmed_at: Mapped[datetime | None]
    blocked_at: Mapped[datetime | None]
    blocked_reason: Mapped[str | None] = mapped_column(String(500))

    # What Flask-Login asks of a user.
    is_authenticated = True
    is_anonymous = False

    @validates("email", "full_name")
    def _renew_search_key(self, name: str, value: str) -> str:
        full_name, email = (value if name == each else getattr(self, each) or "" for each in ("full_name", "email"))
        self.search_key = f"{full_name}\n{email}".casefold()
        return value

    @property
    def name(self) -> str:
        """What others call this user."""
        return self.full_name or self.email

    @property
    def is_active(self) -> bool:
        return self.blocked_at is None

    @property
    def initials(self) -> str:
        """What stands in for a picture: the first letters of the first and the last name, else of the address."""
        names = self.full_name.split() or [self.email]
        return "".join(name[0] for name in dict.fromkeys((names[0], names[-1]))).upper()

    def get_id(self) -> str:
        """What a session's cookie keeps: worthless once the user's session_token has changed."""
        return f"{self.id}.{self.session_token}"


class Avatar(Base):
    """A user's picture, apart from the user, who is read with every request."""

    __tablename__ = "avatars"

    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    image: Mapped[bytes] = mapped_column(LargeBinary)


class Installation(Base):
    """The single row whose insertion makes its inserter the first admin, however many register at once."""

    __tablename__ = "installation"
    __table_args__ = (CheckConstraint("id = 1", name="single_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    first_admin_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]


class SharedSetting(Base):
    """A value on which all hosts of one installation must agree, such as the fingerprint of the mail account."""

    __tablename__ = "shared_settings"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[long_text]
    updated_at: Mapped[datetime]
