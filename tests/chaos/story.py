"""What a person wants to read when a run went wrong: the plan, what happened, and what happened to whom."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.models.mailings import Attempt, Recipient
from tests.chaos.checks import Fault
from tests.chaos.rig import Outcome

# Of each fault so many recipients are told of.
TOLD = 3
LOG_CHARACTERS = 3_000


def story_of(outcome: Outcome, faults: Sequence[Fault]) -> str:
    return "\n".join(_lines(outcome, faults))


def _lines(outcome: Outcome, faults: Sequence[Fault]) -> Iterator[str]:
    yield f"FAULTS of {outcome.plan.name}"
    yield from (fault.words for fault in faults[:30])
    yield "\nPLAN"
    yield outcome.plan.story()
    yield "\nWHAT HAPPENED"
    yield from outcome.diary.entries
    for loss in outcome.diary.losses:
        yield f"{loss.at - outcome.diary.began:6.2f} s lost {loss.connections} connections: {loss.why}"
    yield "\nTO WHOM"
    with Session(outcome.engine) as session:
        for address in dict.fromkeys(address for fault in faults for address in fault.addresses[:TOLD]):
            yield from _recipient(session, outcome, address)
    yield "\nTHE ENDS OF THE LOGS"
    for running in outcome.processes.started:
        yield f"--- {running.log.name} (process {running.process.pid})"
        yield running.words[-LOG_CHARACTERS:]


def _recipient(session: Session, outcome: Outcome, address: str) -> Iterator[str]:
    began = outcome.diary.began
    recipient = session.scalar(select(Recipient).where(Recipient.email == address))
    if recipient is None:
        yield f"{address} is no recipient"
        return
    told: list[tuple[float, str]] = []
    for attempt in session.scalars(select(Attempt).where(Attempt.recipient_id == recipient.id)):
        words = f"attempt: {attempt.status} {attempt.code} {attempt.reply!r} {attempt.letter_id}"
        told.append((attempt.attempted_at.timestamp(), words))
    for line in outcome.letters.of([address]).lines:
        begun = datetime.fromtimestamp(line.began).strftime("%T") if line.began else "?"
        answer = "answered" if line.is_answered else "not answered"
        words = f"server: {line.what}, {answer}, begun {begun}, connection {line.connection}, {line.letter_id}"
        told.append((line.at, words))
    yield f"{address}: {recipient.state}, {recipient.tries} tries, lane {recipient.lane}"
    yield from (f"  {moment - began:6.2f} s {words}" for moment, words in sorted(told))
