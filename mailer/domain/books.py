"""The books of mailings: how many recipients are in which state. They always balance."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from mailer.domain.booking import count_audience
from mailer.models.mailings import Mailing, MailingStatus, Recipient, RecipientState
from mailer.models.transactions import AnySession


@dataclass(frozen=True)
class Books:
    """The seven counts of a mailing; `sending` are the claimed and the begun."""

    pending: int = 0
    sending: int = 0
    accepted: int = 0
    failed: int = 0
    unknown: int = 0
    suppressed: int = 0
    expired: int = 0

    @property
    def total(self) -> int:
        return sum((self.pending, self.sending, self.settled))

    @property
    def settled(self) -> int:
        """The recipients whose story is over."""
        return sum((self.accepted, self.failed, self.unknown, self.suppressed, self.expired))


COUNTED_AS = {
    RecipientState.PENDING: "pending",
    RecipientState.CLAIMED: "sending",
    RecipientState.BEGUN: "sending",
    RecipientState.ACCEPTED: "accepted",
    RecipientState.FAILED: "failed",
    RecipientState.UNKNOWN: "unknown",
    RecipientState.SUPPRESSED: "suppressed",
    RecipientState.EXPIRED: "expired",
}


def books_of(session: AnySession, mailing: Mailing) -> Books:
    """The books of one mailing; of one that has not started, its audience as of now, all pending."""
    return books_of_each(session, [mailing])[mailing.id]


def books_of_each(session: AnySession, mailings: Sequence[Mailing]) -> dict[int, Books]:
    """The books of several mailings by id, the started ones counted in one query."""
    started = [mailing.id for mailing in mailings if mailing.status is not MailingStatus.CREATED]
    counts = session.execute(
        select(Recipient.mailing_id, Recipient.state, func.count())
        .where(Recipient.mailing_id.in_(started))
        .group_by(Recipient.mailing_id, Recipient.state)
    ).all()
    books = {
        mailing.id: Books(pending=count_audience(session, mailing))
        for mailing in mailings
        if mailing.status is MailingStatus.CREATED
    }
    for mailing_id in started:
        books[mailing_id] = _books(((state, count) for key, state, count in counts if key == mailing_id))
    return books


def _books(counts: Iterable[tuple[RecipientState, int]]) -> Books:
    sums: dict[str, int] = {}
    for state, count in counts:
        sums[COUNTED_AS[state]] = sums.get(COUNTED_AS[state], 0) + count
    return Books(**sums)
