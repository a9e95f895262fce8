"""How fast a mailing goes, told from its latest attempts."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, cast, extract, func, select

from mailer.models.mailings import Attempt, AttemptStatus, Mailing, Recipient, RecipientState
from mailer.models.transactions import AnySession

# At most this many attempts are looked at, so that the question costs the same for ten letters and ten million.
ATTEMPTS_READ = 5_000
MINUTES_READ = 45
# The rate is that of the last three minutes, or of more where these have too few letters to foretell anything.
MINUTES_OF_RATE = (3, 15, MINUTES_READ)
LEAST_LETTERS = 10


@dataclass(frozen=True)
class Pace:
    """The letters settled lately; `minutes` are the counts of each minute of the clock, this one last."""

    letters_a_second: float
    minutes_of_rate: int
    is_foretelling: bool
    minutes: tuple[int, ...]

    def time_for(self, letters: int) -> timedelta | None:
        """How long so many letters will take at this pace; None when too little is known to say."""
        if not self.is_foretelling:
            return None
        return timedelta(seconds=letters / self.letters_a_second)


def pace_of(session: AnySession, mailing: Mailing, now: datetime) -> Pace:
    """The pace of a mailing; a deferred attempt settles nothing and does not count."""
    latest = (
        select(Attempt.attempted_at, Attempt.status)
        .where(Attempt.mailing_id == mailing.id)
        .order_by(Attempt.id.desc())
        .limit(ATTEMPTS_READ)
        .subquery()
    )
    minute = (cast(extract("epoch", latest.c.attempted_at), BigInteger) // 60).label("minute")
    settled = func.count().filter(latest.c.status != AttemptStatus.DEFERRED)
    rows = session.execute(
        select(minute, func.count(), settled, func.min(latest.c.attempted_at))
        .where(latest.c.attempted_at > now - timedelta(minutes=MINUTES_READ))
        .group_by(minute)
        .order_by(minute)
    ).all()
    this_minute = int(now.timestamp()) // 60
    counts = {number: letters for number, _, letters, _ in rows}
    for minutes_of_rate in MINUTES_OF_RATE:
        recent = [(letters, oldest) for number, _, letters, oldest in rows if number > this_minute - minutes_of_rate]
        letters = sum(letters for letters, _ in recent)
        if letters >= LEAST_LETTERS:
            break
    oldest = min((oldest for _, oldest in recent), default=now)
    if rows and sum(count for _, count, _, _ in rows) == ATTEMPTS_READ:
        # The first minute was cut off by the limit, so its count would look like a dip.
        del counts[rows[0][0]]
    return Pace(
        letters_a_second=letters / max((now - oldest).total_seconds(), 1.0),
        minutes_of_rate=minutes_of_rate,
        is_foretelling=letters >= LEAST_LETTERS,
        minutes=tuple(counts.get(number, 0) for number in range(min(counts, default=this_minute), this_minute + 1)),
    )


@dataclass(frozen=True)
class Retries:
    """The recipients who wait for another try, and when the first and the last of them are due."""

    count: int
    last_at: datetime | None
    next_at: datetime | None = None


def retries_of(session: AnySession, mailing: Mailing, now: datetime) -> Retries:
    """Who of a mailing was put off by the server and is not due yet."""
    count, last_at, next_at = session.execute(
        select(func.count(), func.max(Recipient.next_attempt_at), func.min(Recipient.next_attempt_at)).where(
            Recipient.mailing_id == mailing.id,
            Recipient.next_attempt_at > now,
            Recipient.state == RecipientState.PENDING,
        )
    ).one()
    return Retries(count, last_at, next_at)
