"""What must hold after every run, whatever was killed. Each check tells what is wrong, and about whom."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.delivery.lane import STOP_PATIENCE_SECONDS
from mailer.domain.books import Books, books_of
from mailer.models.mailings import Attempt, AttemptStatus, Mailing, MailingStatus, Recipient, RecipientState
from tests.chaos.letters import Line
from tests.chaos.owners import Owned
from tests.chaos.rig import Outcome

# On PostgreSQL a turn reads the holds first and the clock last, in one statement that takes milliseconds on an idle
# machine; a letter says the later moment. On SQLite nobody else can write between the two.
TURN_SECONDS = 1.5
# Begun before a ban, a letter may still arrive after it: the server thinks about it, and the machine is busy.
UNDER_WAY_SECONDS = 6

ENDS = {
    RecipientState.ACCEPTED: AttemptStatus.SUCCESS,
    RecipientState.FAILED: AttemptStatus.FAILED,
    RecipientState.UNKNOWN: AttemptStatus.UNKNOWN,
}


@dataclass(frozen=True)
class Fault:
    words: str
    addresses: tuple[str, ...] = ()


def faults_of(outcome: Outcome) -> list[Fault]:
    """Everything that is wrong with this run; nothing if it is as it should be."""
    with Session(outcome.engine) as session:
        found = [Fault(words) for words in outcome.wrong]
        for owned in outcome.mailings:
            found += _faults_of_mailing(session, owned, outcome)
        found += _faults_of_unknowns(session, outcome)
        found += _faults_of_times(outcome)
    return found


def _faults_of_mailing(session: Session, owned: Owned, outcome: Outcome) -> Iterator[Fault]:
    mailing = session.get_one(Mailing, owned.mailing_id)
    books, copies = books_of(session, mailing), outcome.letters.of(owned.addresses).copies()
    name = f"mailing {mailing.id}"
    if mailing.status is not MailingStatus.COMPLETED:
        yield Fault(f"{name} is {mailing.status}: {books}")
    yield from _faults_of_books(name, books, copies)
    recipients = {r.email: r for r in session.scalars(select(Recipient).where(Recipient.mailing_id == mailing.id))}
    missing = set(owned.addresses) - set(recipients) - _deleted_addresses(outcome)
    if missing and mailing.status is not MailingStatus.CREATED:
        yield Fault(f"{name}: {len(missing)} are missing", tuple(missing))
    for email, recipient in recipients.items():
        yield from _faults_of_recipient(session, recipient, copies[email])
    yield from _faults_of_window(mailing, owned, outcome)


def _deleted_addresses(outcome: Outcome) -> set[str]:
    """A client deleted before the start is no recipient."""
    return {address for ban in outcome.diary.bans if ban.why == "deleted" for address in ban.addresses}


def _faults_of_books(name: str, books: Books, copies: Counter[str]) -> Iterator[Fault]:
    if books.pending or books.sending:
        yield Fault(f"{name} ended, but its books say {books}")
    if not books.accepted <= copies.total() <= books.accepted + books.unknown:
        yield Fault(f"{name}: the server accepted {copies.total()}, the books say {books}")
    twice = tuple(email for email, count in copies.items() if count > 1)
    if twice:
        yield Fault(f"{name}: {len(twice)} were written to more than once", twice)


def _faults_of_recipient(session: Session, recipient: Recipient, copies: int) -> Iterator[Fault]:
    state, email = recipient.state, (recipient.email,)
    if state is RecipientState.ACCEPTED and copies == 0:
        yield Fault(f"{recipient.email} is accepted, but the server has no letter", email)
    if state not in (RecipientState.ACCEPTED, RecipientState.UNKNOWN) and copies:
        yield Fault(f"{recipient.email} is {state}, but the server has a letter", email)
    if state in ENDS:
        log = select(Attempt.status).where(Attempt.recipient_id == recipient.id).order_by(Attempt.id.desc())
        if session.scalars(log.limit(1)).first() is not ENDS[state]:
            yield Fault(f"the last attempt on {recipient.email} does not say that it is {state}", email)


def _faults_of_window(mailing: Mailing, owned: Owned, outcome: Outcome) -> Iterator[Fault]:
    start, end = mailing.start_time.timestamp(), mailing.end_time.timestamp()
    for line in outcome.letters.of(owned.addresses).lines:
        if line.began is None:
            continue
        # A letter says the second in which it was begun.
        if line.began < int(start):
            yield _untimely(line, f"began {start - line.began:.1f} s before the window")
        if line.began > end + _slack(outcome, end):
            yield _untimely(line, f"began {line.began - end:.1f} s after the window")


def _faults_of_unknowns(session: Session, outcome: Outcome) -> Iterator[Fault]:
    unknown = session.scalars(select(Recipient.email).where(Recipient.state == RecipientState.UNKNOWN)).all()
    lost, unanswered = connections_lost(outcome), outcome.letters.unanswered()
    if len(unknown) > lost + unanswered:
        words = f"{len(unknown)} are unknown, but {lost} connections were lost and {unanswered} letters not answered"
        yield Fault(words, tuple(unknown))


def connections_lost(outcome: Outcome) -> int:
    """How many connections lanes had when they were killed or lost their leases.

    One that the server has closed a moment before is no longer open, but its last answer may not be recorded yet: so
    each loss counts as many as a lane has.
    """
    diary = outcome.diary
    without_database = [goodbye for goodbye in diary.goodbyes if _meets_an_outage(outcome, goodbye.at)]
    return sum(
        max(loss.connections + _parted_before(outcome, loss.at), outcome.plan.connections)
        for loss in (*diary.losses, *without_database)
    )


def _meets_an_outage(outcome: Outcome, moment: float) -> bool:
    """Whether the database was away while a lane that was asked to stop then still had answers to write."""
    until = moment + STOP_PATIENCE_SECONDS + outcome.diary.longest_stop
    return any(began <= until and ended >= moment for began, ended in outcome.diary.outages)


def _parted_before(outcome: Outcome, moment: float) -> int:
    """Letters whose answer was the server's last word; their lane may have closed and not yet recorded them."""
    parted = [line.at for line in outcome.letters.lines if line.is_answered and line.is_parted]
    return sum(moment - UNDER_WAY_SECONDS <= at <= moment for at in parted)


def _faults_of_times(outcome: Outcome) -> Iterator[Fault]:
    """Nothing begins to anybody who is banned, and what had begun before arrives soon, or not at all."""
    for ban in outcome.diary.bans:
        begin_slack = _slack(outcome, ban.since)
        late = UNDER_WAY_SECONDS + outcome.diary.longest_stop + begin_slack
        for line in outcome.letters.of(ban.addresses).lines:
            if line.began is not None and ban.since + begin_slack < line.began and line.began + 1 < ban.until:
                yield _untimely(line, f"began {line.began - ban.since:.1f} s after it was {ban.why}")
            elif ban.until == float("inf") and line.at > ban.since + late:
                yield _untimely(line, f"arrived {line.at - ban.since:.1f} s after it was {ban.why}")


def _untimely(line: Line, words: str) -> Fault:
    return Fault(f"the letter to {line.address} {words}", (line.address,))


def _slack(outcome: Outcome, moment: float) -> float:
    if outcome.plan.database == "sqlite":
        return 0.0
    return TURN_SECONDS + outcome.diary.outage_around(moment, margin=TURN_SECONDS)
