"""Mailings: what goes out, to whom and when; and what became of every recipient."""

import enum
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, column, text
from sqlalchemy.orm import Mapped, mapped_column, query_expression, relationship

from mailer.models.base import Base, BigId, big_id, long_text, short_text, stored_by_value
from mailer.models.messages import Message
from mailer.models.portable import domain_of
from mailer.models.users import User


class MailingStatus(enum.StrEnum):
    CREATED = "created"
    STARTED = "started"
    COMPLETED = "completed"


class Audience(enum.StrEnum):
    ALL = "all"
    SELECTED = "selected"


class Mailing(Base):
    __tablename__ = "mailings"
    __table_args__ = (
        CheckConstraint("end_time > start_time", name="window"),
        # A message that a mailing still needs cannot be deleted: clearing the reference would break this rule.
        CheckConstraint("status <> 'created' OR message_id IS NOT NULL", name="message_until_start"),
        # Each order of the list is a walk along one of these.
        Index(None, "owner_id", "id"),
        Index(None, "owner_id", "search_key", "id"),
        Index(None, "owner_id", "start_time", "id"),
        Index(None, "status", "start_time"),
    )

    id: Mapped[big_id]
    owner_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.id", ondelete="CASCADE"))
    message_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("messages.id", ondelete="SET NULL"), index=True)
    audience: Mapped[Audience] = mapped_column(stored_by_value(Audience))
    start_time: Mapped[datetime]
    end_time: Mapped[datetime]
    status: Mapped[MailingStatus] = mapped_column(stored_by_value(MailingStatus))
    # The message as it was at the start; the letters are made of these two and not of the message.
    subject: Mapped[str | None] = mapped_column(String(200))
    body: Mapped[long_text | None]
    # The subject, casefolded, for the search and the order by name.
    search_key: Mapped[long_text]
    # Grows with each resend; a recipient and an attempt remember theirs.
    round: Mapped[int] = mapped_column(default=1)
    # When the queue was last told that there is work here; empty when a worker has answered.
    rung_at: Mapped[datetime | None]
    # Every recipient up to this id has been claimed at least once, so nobody looks there for a first claim.
    claimed_up_to: Mapped[int] = mapped_column(BigId, default=0)
    # When the account's limits leave room again; empty while they do.
    wakes_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    # When its owner last saved it; what a form that was opened earlier is compared with.
    updated_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]

    # How many readers have said no by its letters; only where a select asks for it (mailer.domain.unsubscribing).
    unsubscribed: Mapped[int | None] = query_expression()

    owner: Mapped[User] = relationship(lazy="raise_on_sql")
    message: Mapped[Message | None] = relationship(lazy="raise_on_sql")

    @property
    def name(self) -> str:
        """What people call this mailing: the subject that goes out."""
        if self.subject is not None:
            return self.subject
        return self.message.subject if self.message else ""


class MailingRound(Base):
    """One round of a mailing that was sent again, as it stood when the next one began. Never changed."""

    __tablename__ = "mailing_rounds"

    mailing_id: Mapped[int] = mapped_column(BigId, ForeignKey("mailings.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    start_time: Mapped[datetime]
    end_time: Mapped[datetime]
    completed_at: Mapped[datetime]
    # The books of the whole mailing at the round's end.
    accepted: Mapped[int]
    failed: Mapped[int]
    unknown: Mapped[int]
    suppressed: Mapped[int]
    expired: Mapped[int]
    # To how many of them the next round goes.
    resent: Mapped[int]


class SelectedClient(Base):
    """One client whom the owner chose for a mailing with the audience `selected`."""

    __tablename__ = "selected_clients"

    mailing_id: Mapped[int] = mapped_column(BigId, ForeignKey("mailings.id", ondelete="CASCADE"), primary_key=True)
    client_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("clients.id", ondelete="CASCADE"), primary_key=True, index=True
    )


HAS_TIME = text("next_attempt_at IS NOT NULL")
HAS_CLIENT, HAS_NO_CLIENT = text("client_id IS NOT NULL"), text("client_id IS NULL")


class RecipientState(enum.StrEnum):
    PENDING = "pending"
    CLAIMED = "claimed"
    BEGUN = "begun"
    ACCEPTED = "accepted"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SUPPRESSED = "suppressed"
    EXPIRED = "expired"


class Recipient(Base):
    """One client within one mailing, with address and name as they were at the start."""

    __tablename__ = "recipients"
    # No index names the state or the lane: they change three times a letter, and where no index is concerned
    # PostgreSQL rewrites the row within its page (HOT), for which the fill factor leaves room: pages are claimed whole.
    __table_args__ = (
        Index(None, "mailing_id", "id"),
        # Only those who are tried again have a time, so that it costs nothing for the rest.
        Index(
            "ix_recipients_next_attempt",
            "mailing_id",
            "next_attempt_at",
            sqlite_where=HAS_TIME,
            postgresql_where=HAS_TIME,
        ),
        # Whom a letter was for is found through the clients (mailer.domain.letters_by_address), so that no start has an
        # index of addresses to keep. Who is on file no longer has left the first of these and is in the second.
        Index(None, "client_id", "mailing_id", sqlite_where=HAS_CLIENT, postgresql_where=HAS_CLIENT),
        Index(
            "ix_recipients_gone_address",
            "mailing_id",
            domain_of(column("email_key")),
            "email_key",
            sqlite_where=HAS_NO_CLIENT,
            postgresql_where=HAS_NO_CLIENT,
        ),
        {"postgresql_with": {"fillfactor": 44}},
    )

    id: Mapped[big_id]
    # No foreign keys: checking them made most of what a start costs, for rows that the start of that very mailing
    # writes, of clients whom it has locked. Triggers delete the recipients with their mailing, and empty client_id.
    mailing_id: Mapped[int] = mapped_column(BigId)
    # Empty once the client is deleted; such a recipient is not written to any more.
    client_id: Mapped[int | None] = mapped_column(BigId)
    email: Mapped[short_text]
    email_key: Mapped[short_text]
    full_name: Mapped[str] = mapped_column(String(200), default="")
    state: Mapped[RecipientState] = mapped_column(stored_by_value(RecipientState))
    # The token of the lane that holds this recipient; kept on `unknown`, so that a late reply can settle its own.
    lane: Mapped[str | None] = mapped_column(String(32))
    # Tries so far, those included that were refused before their letter began.
    tries: Mapped[int] = mapped_column(default=0)
    round: Mapped[int] = mapped_column(default=1)
    # Empty until the first claim is over; whoever is pending again has a time, which may have come already.
    next_attempt_at: Mapped[datetime | None]
    changed_at: Mapped[datetime]


class AttemptStatus(enum.StrEnum):
    SUCCESS = "success"
    FAILED = "failed"
    DEFERRED = "deferred"
    UNKNOWN = "unknown"


class Verdict(enum.StrEnum):
    """Whose side an answer is on."""

    ACCEPTED = "accepted"
    RECIPIENT = "recipient"
    CONTENT = "content"
    ACCOUNT = "account"
    TEMPORARY = "temporary"
    UNKNOWN = "unknown"


IS_TROUBLE = text("status <> 'success'")


class Attempt(Base):
    """One try to hand one recipient's letter to the mail server, with the server's answer. Never changed."""

    __tablename__ = "attempts"
    __table_args__ = (
        Index(None, "mailing_id", "id"),
        Index(None, "recipient_id", "id"),
        # What went wrong is looked for in each of these ways, and in several at once without a look at the rows. The
        # accepted letters, nearly all, pay for none of them.
        *(
            Index(
                f"ix_attempts_trouble_{first}",
                *("mailing_id", first, "id", *others),
                sqlite_where=IS_TROUBLE,
                postgresql_where=IS_TROUBLE,
            )
            for first, *others in (
                ("status", "verdict", "code"), ("verdict", "status", "code"), ("code", "status", "verdict")
            )
        ),
    )

    id: Mapped[big_id]
    # Foreign keys would be checked for each letter, although an attempt is written together with a change of its
    # recipient. A trigger deletes the attempts with their mailing.
    mailing_id: Mapped[int] = mapped_column(BigId)
    recipient_id: Mapped[int] = mapped_column(BigId)
    round: Mapped[int] = mapped_column(default=1)
    # When the answer came, by the database's clock.
    attempted_at: Mapped[datetime]
    status: Mapped[AttemptStatus] = mapped_column(stored_by_value(AttemptStatus))
    verdict: Mapped[Verdict] = mapped_column(stored_by_value(Verdict))
    # The server's reply code, empty where there was no reply.
    code: Mapped[int | None]
    reply: Mapped[long_text]
    # Of the letter, without the angle brackets; empty where no letter was begun.
    letter_id: Mapped[str | None] = mapped_column(String(255))
