"""Clients, and the addresses that must not be written to."""

import enum
from datetime import datetime

from sqlalchemy import Column, Computed, ForeignKey, Index, String, Text, UniqueConstraint, column, text
from sqlalchemy.orm import Mapped, mapped_column, query_expression

from mailer.models.base import Base, BigId, big_id, long_text, short_text, stored_by_value
from mailer.models.indexes import only_on
from mailer.models.portable import domain_of


class SuppressionReason(enum.StrEnum):
    """Who said no, and why: the person, the owner, or the mail server for good."""

    UNSUBSCRIBED = "unsubscribed"
    BY_HAND = "by_hand"
    HARD_FAILURE = "hard_failure"
    DELETED = "deleted"
    COMPLAINT = "complaint"


HAS_LONG_SEARCH = text("char_length(search_key) > 300")
# Kept by the database. Only PostgreSQL has it, and only its index is read.
SEARCH_HEAD = Column("search_head", Text, Computed("substr(search_key, 1, 300)", persisted=True))


class Client(Base):
    __tablename__ = "clients"
    # Each order of the list is a walk along one of these: by address, by name, by age.
    __table_args__ = (
        UniqueConstraint("owner_id", "email_key"),
        # Whoever searches reads all clients, or walks along their names; here without everything else about them.
        only_on("sqlite", Index(None, "owner_id", "name_key", "id", "search_key")),
        # PostgreSQL has no room for such long keys: the entries hold the beginning (mailer.domain.walking).
        only_on("postgresql", Index(None, "owner_id", "name_key", "id", postgresql_include=["search_head"])),
        only_on("postgresql", Index("ix_clients_long_search", "owner_id", "id", postgresql_where=HAS_LONG_SEARCH)),
        Index(None, "owner_id", "id"),
        # The letters to a domain are found through its clients. SQLite takes no index for it that does not hold all it
        # needs, as another one does.
        only_on("sqlite", Index("ix_clients_domain", "owner_id", domain_of(column("email_key")), "email_key")),
        only_on("postgresql", Index("ix_clients_domain", "owner_id", domain_of(column("email_key")))),
        only_on("postgresql", SEARCH_HEAD),
    )
    __mapper_args__ = {"exclude_properties": ["search_head"]}

    id: Mapped[big_id]
    owner_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.id", ondelete="CASCADE"))
    email: Mapped[short_text]
    email_key: Mapped[short_text]
    full_name: Mapped[str] = mapped_column(String(200), default="")
    # The name as it is sorted: casefolded here, because SQLite's lower() knows ASCII only.
    name_key: Mapped[str] = mapped_column(String(300), default="")
    comment: Mapped[long_text] = mapped_column(default="")
    # Name, address and comment, casefolded, for the search.
    search_key: Mapped[long_text]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    # Why nobody may write there; only where a select asks for it (mailer.domain.suppressions).
    suppression: Mapped[SuppressionReason | None] = query_expression()


class FormerAddress(Base):
    """An address that a client had before: letters may have gone there (mailer.domain.letters_by_address).

    A trigger on `clients` writes it, whoever changes the address.
    """

    __tablename__ = "former_addresses"
    __table_args__ = (Index(None, "owner_id", "email_key"),)

    client_id: Mapped[int] = mapped_column(BigId, ForeignKey("clients.id", ondelete="CASCADE"), primary_key=True)
    email_key: Mapped[short_text] = mapped_column(primary_key=True)
    # Of the client.
    owner_id: Mapped[int] = mapped_column(BigId)


IS_ACTIVE = text("lifted_at IS NULL")


class Suppression(Base):
    """An address that one owner must not write to, for one reason. It holds while lifted_at is empty.

    Each reason stands for itself, so that whoever takes one back does not take back another's.
    """

    __tablename__ = "suppressions"
    __table_args__ = (
        Index(
            "uq_suppressions_active",
            "owner_id",
            "email_key",
            "reason",
            unique=True,
            sqlite_where=IS_ACTIVE,
            postgresql_where=IS_ACTIVE,
        ),
        Index(None, "owner_id", "id"),
    )

    id: Mapped[big_id]
    owner_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.id", ondelete="CASCADE"))
    email: Mapped[short_text]
    email_key: Mapped[short_text]
    reason: Mapped[SuppressionReason] = mapped_column(stored_by_value(SuppressionReason))
    mailing_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("mailings.id", ondelete="SET NULL"), index=True)
    created_at: Mapped[datetime]
    lifted_at: Mapped[datetime | None]
    # Why the owner lifted it; empty where the person took back an unsubscription.
    lift_reason: Mapped[str] = mapped_column(String(500), default="")
