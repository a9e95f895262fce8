"""Attempts whose rows are deleted stay in the sums of their mailing, where they are kept apart from the rest."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, insert, select

from mailer.domain.replies import Group, ReplyKey, ReplyTally, Tally
from mailer.domain.summing import Attempts, in_batches, reply_rows
from mailer.models.mailings import AttemptStatus
from mailer.models.statements import insert_into
from mailer.models.sums import DomainSums, MailingSums, QuarterSums, ReplySums
from mailer.models.transactions import AnySession


def keep_counts_of_gone(session: AnySession, mailing_id: int, attempts: Attempts) -> None:
    """Count attempts that are about to be deleted among those whose rows are gone, so that no total becomes smaller.

    `attempts` is `answered()` with the conditions of the deletion, which follows in the same transaction; the caller
    commits. The mailing's other sums are made anew in the background, and its rows are counted until then. Where
    rows stay and only an address in them is erased, `note_change` is enough.
    """
    tally = Tally()
    for attempt in in_batches(session, attempts):
        tally.count(attempt)
    if not tally.quarters:
        return
    note_change(session, mailing_id)
    for sums, name, counts in ((QuarterSums, "quarter", tally.quarters), (DomainSums, "domain", tally.domains)):
        _add_to_gone(session, mailing_id, sums, name, counts)
    _add_replies_to_gone(session, mailing_id, tally.replies)


def note_change(session: AnySession, mailing_id: int) -> None:
    """The mailing's attempts, or their domains, are not what they were: its sums do not count until they are made anew.

    The caller commits.
    """
    first = insert_into(session, MailingSums).values(mailing_id=mailing_id, round=0, changes=1)
    counted_up = {"changes": MailingSums.changes + 1}
    session.execute(first.on_conflict_do_update(index_elements=[MailingSums.mailing_id], set_=counted_up))


def _add_to_gone(
    session: AnySession,
    mailing_id: int,
    sums: type[QuarterSums] | type[DomainSums],
    name: str,
    counts: Mapping[tuple[Any, AttemptStatus], int],
) -> None:
    keys = {key for key, _status in counts}
    rows = [
        {"mailing_id": mailing_id, "is_gone": True, name: key}
        | {status.value: counts.get((key, status), 0) for status in AttemptStatus}
        for key in sorted(keys)
    ]
    added = insert_into(session, sums)
    names = [status.value for status in AttemptStatus]
    more = {name_: getattr(sums, name_) + getattr(added.excluded, name_) for name_ in names}
    key_columns = [sums.mailing_id, sums.is_gone, getattr(sums, name)]
    session.execute(added.on_conflict_do_update(index_elements=key_columns, set_=more), rows)


def _add_replies_to_gone(session: AnySession, mailing_id: int, replies: ReplyTally) -> None:
    before = select(ReplySums).where(ReplySums.mailing_id == mailing_id, ReplySums.is_gone).order_by(ReplySums.number)
    together = ReplyTally()
    for row in session.scalars(before.execution_options(populate_existing=True)):
        together.add(ReplyKey(row.status, row.verdict, row.code, row.words), Group(row.attempts, row.example))
    for key, group in replies.groups.items():
        together.add(key, group)
    old = delete(ReplySums).where(ReplySums.mailing_id == mailing_id, ReplySums.is_gone)
    session.execute(old.execution_options(synchronize_session=False))
    rows = reply_rows(together.groups)
    session.execute(insert(ReplySums), [{"mailing_id": mailing_id, "is_gone": True, **row} for row in rows])
