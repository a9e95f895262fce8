"""The lines of reports: sums over many mailings by domain, owner or mailing, with the totals that they add up to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, Subquery, func, select

from mailer.domain.books import COUNTS, Books, books_counted
from mailer.domain.sums import Tried, attempts_by_domain, sums_of
from mailer.models.mailings import Mailing
from mailer.models.transactions import AnySession
from mailer.models.users import User

Key = TypeVar("Key")


@dataclass(frozen=True)
class TriedLine(Generic[Key]):
    """The attempts of one domain, or of one mailing."""

    key: Key
    tried: Tried


@dataclass(frozen=True)
class TriedLines(Generic[Key]):
    """Some of the lines, how many there are in all, and what all of them come to."""

    lines: Sequence[TriedLine[Key]]
    count: int
    total: Tried


@dataclass(frozen=True)
class OwnerLine:
    """One owner's books: those of all their mailings together."""

    owner: User
    mailings: int
    books: Books


def domain_lines(session: AnySession, mailings: Select[Mailing], limit: int, offset: int) -> TriedLines[str]:
    """The receiving domains, those with most attempts first."""
    counted = attempts_by_domain(mailings)
    return _lines(session, counted, counted.c.domain, limit, offset)


def mailing_lines(session: AnySession, counted: Subquery, limit: int, offset: int) -> TriedLines[int]:
    """The ids of the mailings in some counted attempts, the latest first."""
    return _lines(session, counted, counted.c.mailing_id, limit, offset, is_latest_first=True)


def _lines(
    session: AnySession, counted: Subquery, key: Any, limit: int, offset: int, *, is_latest_first: bool = False
) -> TriedLines[Any]:
    sums = sums_of(counted)
    all_of_them = [func.sum(column).over() for column in sums]
    grouped = select(key, func.count().over(), *sums, *all_of_them).group_by(key)
    grouped = grouped.having(sum(sums[1:], sums[0]) > 0)
    order = (key.desc(),) if is_latest_first else (sum(sums[1:], sums[0]).desc(), key)
    rows = session.execute(grouped.order_by(*order).limit(limit).offset(offset)).all()
    lines = [TriedLine(row[0], Tried(*map(int, row[2:6]))) for row in rows]
    return TriedLines(lines, rows[0][1] if rows else 0, Tried(*map(int, rows[0][6:10])) if rows else Tried())


def owner_lines(session: AnySession, mailings: Select[Mailing]) -> list[OwnerLine]:
    """Everybody of whom there is a started mailing among these, those with most recipients first; in one query."""
    counted = books_counted(mailings)
    by_owner = (
        select(counted.c.owner_id, func.count().label("mailings"), *(func.sum(counted.c[name]) for name in COUNTS))
        .group_by(counted.c.owner_id)
        .subquery()
    )
    rows = session.execute(select(User, by_owner).join(by_owner, by_owner.c.owner_id == User.id).order_by(User.id))
    lines = [OwnerLine(owner, count, Books(*map(int, counts))) for owner, _id, count, *counts in rows]
    return sorted(lines, key=lambda line: line.books.total, reverse=True)
