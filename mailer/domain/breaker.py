"""The circuit breaker: a mailing too many of whose latest letters fail is held, before the account's name suffers."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, select

from mailer.domain.holds import hold_mailing
from mailer.models.lanes import Hold, HoldKind
from mailer.models.mailings import (
    Attempt,
    AttemptStatus,
    Mailing,
    MailingStatus,
    Recipient,
    RecipientState,
    Verdict,
)
from mailer.models.transactions import AnySession

# So many of the latest letters are looked at, and this share of them may fail. A list with one wrong address in
# twenty, which is a usual one, is stopped by chance at its first twenty letters once in four hundred times.
LATEST = 100
LEAST = 20
MOST_FAILED = 0.2

# Whom a hold would still protect.
NOT_BEGUN = (RecipientState.PENDING, RecipientState.CLAIMED)


@dataclass(frozen=True)
class Results:
    """How the latest letters of a mailing ended; those that failed by whose side it is on."""

    letters: int = 0
    recipients: int = 0
    content: int = 0

    @property
    def failed(self) -> int:
        return self.recipients + self.content

    @property
    def are_bad(self) -> bool:
        return self.letters >= LEAST and self.failed > MOST_FAILED * self.letters

    def packed(self) -> str:
        """The figures as a hold keeps them."""
        return f"{self.letters} {self.recipients} {self.content}"

    @classmethod
    def unpacked(cls, text: str) -> "Results":
        """The figures that a hold kept."""
        return cls(*(int(part) for part in text.split()))


def latest_results(session: AnySession, mailing: Mailing) -> Results:
    """How the latest letters of this round ended, those since the owner last said that it may go on."""
    resumed_at = session.scalar(
        select(func.max(Hold.lifted_at)).where(Hold.mailing_id == mailing.id, Hold.kind == HoldKind.BAD_RESULTS)
    )
    latest = select(Attempt.status, Attempt.verdict).where(
        Attempt.mailing_id == mailing.id,
        Attempt.round == mailing.round,
        Attempt.status.in_((AttemptStatus.SUCCESS, AttemptStatus.FAILED)),
    )
    if resumed_at is not None:
        latest = latest.where(Attempt.attempted_at > resumed_at)
    rows = session.execute(latest.order_by(Attempt.id.desc()).limit(LATEST)).all()
    failed = [row.verdict for row in rows if row.status is AttemptStatus.FAILED]
    return Results(len(rows), failed.count(Verdict.RECIPIENT), failed.count(Verdict.CONTENT))


def break_circuit(session: AnySession, mailing_id: int, now: datetime) -> bool:
    """Hold a mailing under way whose latest letters fail too often; True for the one who did."""
    mailing = session.get(Mailing, mailing_id)
    if mailing is None or mailing.status is not MailingStatus.STARTED:
        return False
    results = latest_results(session, mailing)
    if not results.are_bad:
        return False
    to_go = exists().where(Recipient.mailing_id == mailing_id, Recipient.state.in_(NOT_BEGUN))
    if not session.scalar(select(to_go)):
        return False
    return hold_mailing(session, mailing_id, HoldKind.BAD_RESULTS, now, reason=results.packed())
