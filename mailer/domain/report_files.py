"""Reports as CSV, in pieces: figures by mailing, day, domain, reply or owner, and the recipients of one mailing.

Names of columns and states are those of the program, in every language, so that other programs can read the files.
"""

from collections.abc import Iterator
from datetime import tzinfo
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from mailer.domain.books import COUNTS, books_counted
from mailer.domain.exporting import BATCH_SIZE, csv_lines, guarded
from mailer.domain.recipients import are_recipients_of, last_try
from mailer.domain.report_lines import owner_lines
from mailer.domain.sums import attempts_by_domain, replies_counted, sums_of
from mailer.models.mailings import Attempt, AttemptStatus, Mailing, Recipient

STATUSES = tuple(status.value for status in AttemptStatus)
RECIPIENT_COLUMNS = (
    "email", "full_name", "state", "tries", "changed_at", "status", "verdict", "code", "reply", "message_id",
)


def mailings_as_csv(session: Session, mailings: Select[Mailing], zone: tzinfo, delimiter: str) -> Iterator[str]:
    """A line for each mailing with its books; times are of this zone."""
    yield csv_lines([("mailing", "subject", "started_at", *COUNTS, "total")], delimiter)
    counted = books_counted(mailings)
    books = (counted.c[name] for name in COUNTS)
    rows = select(Mailing.id, Mailing.subject, Mailing.started_at, *books)
    rows = rows.join(counted, counted.c.mailing_id == Mailing.id).order_by(Mailing.id.desc())
    for batch in session.execute(rows.execution_options(yield_per=BATCH_SIZE)).partitions():
        yield csv_lines(
            [
                (number, guarded(subject or ""), _time(started_at, zone), *counts, sum(counts))
                for number, subject, started_at, *counts in batch
            ],
            delimiter,
        )


def domains_as_csv(session: Session, mailings: Select[Mailing], delimiter: str) -> Iterator[str]:
    """A line for each receiving domain, those with most attempts first."""
    yield csv_lines([("domain", *STATUSES, "total")], delimiter)
    counted = attempts_by_domain(mailings)
    sums = sums_of(counted)
    rows = select(counted.c.domain, *sums).group_by(counted.c.domain)
    rows = rows.order_by(sum(sums[1:], sums[0]).desc(), counted.c.domain)
    for batch in session.execute(rows.execution_options(yield_per=BATCH_SIZE)).partitions():
        yield csv_lines(
            [(guarded(domain), *map(int, counts), sum(map(int, counts))) for domain, *counts in batch], delimiter
        )


def replies_as_csv(session: Session, mailings: Select[Mailing], delimiter: str) -> Iterator[str]:
    """A line for all attempts that were answered alike, with one of the replies."""
    yield csv_lines([("verdict", "status", "code", "attempts", "example")], delimiter)
    groups = sorted(replies_counted(session, mailings).items(), key=lambda found: found[1].attempts, reverse=True)
    for first in range(0, len(groups), BATCH_SIZE):
        yield csv_lines(
            [
                (key.verdict, key.status, key.code or "", group.attempts, guarded(group.example))
                for key, group in groups[first : first + BATCH_SIZE]
            ],
            delimiter,
        )


def owners_as_csv(session: Session, mailings: Select[Mailing], delimiter: str) -> Iterator[str]:
    """A line for each owner with the books of all their mailings."""
    yield csv_lines([("owner", "full_name", "mailings", *COUNTS, "total")], delimiter)
    yield csv_lines(
        [
            (
                guarded(line.owner.email),
                guarded(line.owner.full_name),
                line.mailings,
                *(getattr(line.books, name) for name in COUNTS),
                line.books.total,
            )
            for line in owner_lines(session, mailings)
        ],
        delimiter,
    )


def recipients_as_csv(session: Session, mailing_id: int, zone: tzinfo, delimiter: str) -> Iterator[str]:
    """A line for each recipient of a mailing with the last answer; ends each read transaction."""
    yield csv_lines([RECIPIENT_COLUMNS], delimiter)
    rows = (
        select(
            Recipient.id,
            Recipient.email,
            Recipient.full_name,
            Recipient.state,
            Recipient.tries,
            Recipient.changed_at,
            Attempt.status,
            Attempt.verdict,
            Attempt.code,
            Attempt.reply,
            Attempt.letter_id,
        )
        .outerjoin(Attempt, Attempt.id == last_try())
        .where(*are_recipients_of(mailing_id))
        .order_by(Recipient.id)
        .limit(BATCH_SIZE)
    )
    last_id = 0
    while batch := session.execute(rows.where(Recipient.id > last_id)).all():
        session.rollback()
        last_id = batch[-1][0]
        yield csv_lines([_recipient_cells(row, zone) for row in batch], delimiter)


def _recipient_cells(row: Any, zone: tzinfo) -> tuple[object, ...]:
    _id, email, full_name, state, tries, changed_at, status, verdict, code, reply, letter_id = row
    answer = status or "", verdict or "", code or "", guarded(reply or ""), guarded(letter_id or "")
    return guarded(email), guarded(full_name), state, tries, _time(changed_at, zone), *answer


def _time(moment: Any, zone: tzinfo) -> str:
    return str(moment.astimezone(zone).isoformat(" ", "seconds"))
