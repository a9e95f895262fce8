"""Which mailings have sums that are true, so that their rows need not be read (mailer.domain.summing makes them)."""

from typing import Any

from sqlalchemy import CTE, Boolean, ColumnElement, Select, and_, false, func, select

from mailer.models.mailings import Attempt, Mailing, MailingStatus, Recipient
from mailer.models.portable import FewFirst, is_one_of
from mailer.models.sums import MailingSums
from mailer.models.transactions import AnySession

Rows = Select[*tuple[Any, ...]]


def is_summed() -> ColumnElement[bool]:
    """Whether a mailing's sums are there and true, in a select of mailings joined with their MailingSums.

    A mailing that was sent again has another round, or is not completed; whatever else changes one that is completed
    counts its `changes` up.
    """
    conditions = (
        Mailing.status == MailingStatus.COMPLETED,
        MailingSums.round == Mailing.round,
        MailingSums.summed_changes == MailingSums.changes,
    )
    return func.coalesce(and_(*conditions), false(), type_=Boolean)


def started_heads(mailings: Select[Mailing]) -> CTE:
    """The started ones among these mailings: `id`, `owner_id`, and whether each `is_summed`."""
    # Without a name of its own: these mailings may be those that another one has found.
    columns = mailings.with_only_columns(Mailing.id, Mailing.owner_id, is_summed().label("is_summed"))
    started = columns.where(Mailing.status != MailingStatus.CREATED).order_by(None)
    return started.outerjoin(MailingSums, MailingSums.mailing_id == Mailing.id).cte()


def version_of_sums(session: AnySession, mailings: Select[Mailing]) -> str | None:
    """What is another text whenever the sums of these mailings may have changed; None while rows of some are counted.

    Sums that are made anew have a later time, and what makes them untrue counts their changes up; a mailing that comes
    or goes changes the number of them.
    """
    heads = started_heads(mailings)
    version = select(
        func.count(),
        func.count().filter(~heads.c.is_summed),
        func.sum(heads.c.id),
        func.sum(MailingSums.changes),
        func.max(MailingSums.summed_at),
    ).select_from(heads)
    joined = version.outerjoin(MailingSums, MailingSums.mailing_id == heads.c.id)
    count, unsummed, ids, changes, summed_at = session.execute(joined).one()
    return None if unsummed else f"{count} {ids} {changes} {summed_at}"


def of_unsummed(counted: Rows, table: type[Attempt] | type[Recipient], heads: CTE) -> Rows:
    """The same select over the rows alone of the few mailings whose rows have to be counted."""
    ids = select(heads.c.id).where(~heads.c.is_summed)
    few = ids.subquery("few")
    rows = FewFirst(few, table.__table__, table.mailing_id == few.c.id)
    # Mostly there are none. Where all mailings are few and large, PostgreSQL would read their rows to find that out.
    some = ids.exists()
    return counted.select_from(rows).where(some, is_one_of(table.mailing_id, ids.scalar_subquery()))
