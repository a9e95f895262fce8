"""A page of the log of attempts, soon found however long the log is.

Attempts are kept by mailing, and there is no index by owner: each letter would pay for it. Where many of everybody's
next attempts are the owner's, a glance at them is enough. Otherwise the log of an owner is put together from those of
the mailings, by the newest attempt of each. Whom a letter was for is found through the clients, unless they are too
many (mailer.domain.letters_by_address). For all other questions the log is read, so much of it at a time, and the page
tells how far.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, func, select, true
from sqlalchemy.orm import aliased

from mailer.domain.addresses import domain_key
from mailer.domain.attempts import AttemptFilter, of_attempts, of_mailings, of_recipients, whole_address
from mailer.domain.chosen_ids import these_ids
from mailer.domain.letters_by_address import ids_in_domain, ids_with_address
from mailer.domain.reports import ALWAYS
from mailer.models.mailings import Attempt, Mailing, Recipient
from mailer.models.portable import off_index
from mailer.models.transactions import AnySession

# Nobody reads further than this, and counting on would take longer than the page.
MOST_COUNTED = 10_000
# So many recipients are looked up one by one; where there are more, their attempts are met soon enough by reading.
MOST_RECIPIENTS = 10_000
# So many attempts are read for one page where no index answers, and so many at a glance.
MOST_READ, GLANCE = 10_000, 2000

# So many mailings are named one by one in a statement.
MOST_NAMED = 2000

Conditions = Sequence[ColumnElement[bool]]

# For whoever goes through the attempts in their order: SQLite would begin with the mailings, and look once for each.
OF_ITS_MAILING = Mailing.id == off_index(Attempt.mailing_id)


@dataclass(frozen=True)
class Place:
    """Where a page begins: next to the attempt with this id, at the newest one without; and which way it goes."""

    id: int | None = None
    is_upwards: bool = False

    def conditions(self) -> list[ColumnElement[bool]]:
        if self.id is None:
            return []
        return [Attempt.id > self.id if self.is_upwards else Attempt.id < self.id]

    def nearest(self, column: SQLColumnExpression[Any]) -> ColumnElement[Any]:
        """The order in which what lies next comes first."""
        return column.asc() if self.is_upwards else column.desc()


NEWEST = Place()


@dataclass(frozen=True)
class Count:
    """How many attempts fit; `is_exact` unless there are more than are ever counted."""

    number: int
    is_exact: bool


@dataclass(frozen=True)
class Reading:
    """How far a log was read that has not been read to its end: to this attempt, made at this time."""

    attempt_id: int
    at: datetime


@dataclass(frozen=True)
class LogPage:
    """Rows with the newest first. `count` is None where only reading everything would tell."""

    rows: list[tuple[Attempt, Recipient, Mailing]]
    has_more: bool
    count: Count | None
    reading: Reading | None = None


class AttemptLog:
    """The attempts of the mailings that fulfil `scope` (an owner's, or without a condition everybody's)."""

    def __init__(self, session: AnySession, scope: Conditions, wanted: AttemptFilter) -> None:
        self._session = session
        self._wanted = wanted
        self._scope = [*scope, *of_mailings(wanted)]
        self._is_everybodys = not scope and wanted.mailing_id is None
        self._attempts = of_attempts(wanted)

    def page(self, place: Place, size: int) -> LogPage:
        """The `size` attempts next to a place. `has_more` says whether the same way leads to others."""
        people = self._people()
        if people is not None:
            ids, count = self._of_people(people, place, size), self._counted(self._attempts_of(people))
        elif self._must_be_read:
            return self._read(place, size)
        else:
            ids = self._at_a_glance(self._attempts, place, size + 1) or self._of_mailings(place, size)
            count = self._count()
        return self._page(ids, place, size, count)

    @property
    def _must_be_read(self) -> bool:
        is_plain = self._is_everybodys and not self._wanted.is_about_trouble
        return self._wanted.is_about_recipients or self._wanted.is_code_of_success or is_plain

    def _page(self, ids: list[int], place: Place, size: int, count: Count | None) -> LogPage:
        """The page of the first `size` ids, which came nearest first; one more says that there are more."""
        found = (
            select(Attempt, Recipient, Mailing)
            .join(Recipient, Recipient.id == Attempt.recipient_id)
            .join(Mailing, Mailing.id == Attempt.mailing_id)
            .where(Attempt.id.in_(ids[:size]))
            .order_by(Attempt.id.desc())
        )
        rows = [(attempt, recipient, mailing) for attempt, recipient, mailing in self._session.execute(found)]
        return LogPage(rows, len(ids) > size, count)

    def _at_a_glance(self, conditions: Conditions, place: Place, limit: int) -> list[int]:
        """So many ids nearest to a place, if there are so many among everybody's next attempts; else none."""
        is_old = place.id is None and self._wanted.period != ALWAYS
        if is_old or self._wanted.mailing_id is not None:
            return []
        first = place.id or self._session.scalar(select(func.max(Attempt.id))) or 0
        last = first + GLANCE if place.is_upwards else first - GLANCE
        ids = select(Attempt.id).join(Mailing, OF_ITS_MAILING).where(*self._scope, *conditions)
        ids = ids.where(Attempt.id.between(min(first, last), max(first, last)), *place.conditions())
        found = list(self._session.scalars(ids.order_by(place.nearest(Attempt.id)).limit(limit)))
        return found if len(found) == limit else []

    # By mailing

    def _of_mailings(self, place: Place, size: int) -> list[int]:
        """The ids nearest to a place, one more than `size`, put together from those mailings that come nearest."""
        conditions = [*self._attempts, *place.conditions()]
        if self._wanted.mailing_id is None:
            # Each of these has an attempt on the page or just behind it, so no other mailing has one before them.
            mailing_ids = [mailing_id for mailing_id, _ in self._nearest(conditions, place, size + 1)]
        else:
            mailing_ids = list(self._session.scalars(select(Mailing.id).where(*self._scope)))
        mailings = these_ids(self._session, mailing_ids).subquery()
        (mailing_id,) = mailings.c
        of_each = self._in_order(select(Attempt.id), mailing_id, conditions, place).limit(size + 1)
        if self._session.get_bind().dialect.name == "sqlite":
            # It knows no LATERAL, and looks up one by one what a list names.
            own = aliased(Attempt)
            ids = select(own.id).select_from(mailings).join(own, own.id.in_(of_each.correlate(mailings)))
        else:
            nearest = of_each.lateral()
            ids = select(nearest.c.id).select_from(mailings).join(nearest, true())
        (column,) = ids.selected_columns
        return list(self._session.scalars(ids.order_by(place.nearest(column)).limit(size + 1)))

    def _nearest(self, conditions: Conditions, place: Place, limit: int) -> list[tuple[int, int]]:
        """The mailings whose attempts come nearest, each with the id of its nearest one."""
        nearest = self._in_order(select(Attempt.id), Mailing.id, conditions, place).limit(1).correlate(Mailing)
        nearest_id = nearest.scalar_subquery().label("nearest_id")
        rows = select(Mailing.id, nearest_id).where(*self._scope)
        # Those without one are sorted out here: named in a condition, each would be looked for a second time.
        ordered = rows.order_by(place.nearest(nearest_id).nulls_last()).limit(limit)
        found = self._session.execute(ordered)
        return [(mailing_id, attempt_id) for mailing_id, attempt_id in found if attempt_id is not None]

    def _in_order(
        self, ids: Select[int], mailing_id: SQLColumnExpression[int], conditions: Conditions, place: Place
    ) -> Select[int]:
        # The order names the mailing too, so that no database takes the walk through everybody's attempts for shorter.
        order = (place.nearest(Attempt.mailing_id), place.nearest(Attempt.id))
        return ids.where(Attempt.mailing_id == mailing_id, *conditions).order_by(*order)

    def _count(self) -> Count:
        mailings = select(Mailing.id).where(*self._scope)
        of_these = Attempt.mailing_id.in_(mailings)
        if self._wanted.period != ALWAYS:
            ids = list(self._session.scalars(mailings.limit(MOST_NAMED + 1)))
            if len(ids) <= MOST_NAMED:
                # They are few, which no database would guess that has not seen them.
                of_these = Attempt.mailing_id.in_(ids)
        return self._counted(select(Attempt.id).where(of_these, *self._attempts))

    def _counted(self, ids: Select[int]) -> Count:
        some = ids.limit(MOST_COUNTED + 1).subquery()
        number = self._session.scalar(select(func.count()).select_from(some)) or 0
        return Count(min(number, MOST_COUNTED), number <= MOST_COUNTED)

    # By recipient

    def _people(self) -> Collection[int] | None:
        """Those for whom the letters were, where an index leads to them and they are not too many."""
        key = whole_address(self._wanted.address)
        if key is not None:
            of_domain = of_recipients(AttemptFilter(domain=self._wanted.domain))
            people = select(Recipient.id).where(Recipient.id.in_(ids_with_address(self._scope, key)), *of_domain)
            ids = self._session.scalars(people.limit(MOST_RECIPIENTS + 1)).all()
            is_part = not ids and not self._wanted.domain
            return None if is_part or len(ids) > MOST_RECIPIENTS else ids
        if not self._wanted.domain:
            return None
        of_address = of_recipients(AttemptFilter(address=self._wanted.address))
        domain = domain_key(self._wanted.domain)
        return ids_in_domain(self._session, self._scope, domain, of_address, MOST_RECIPIENTS)

    def _attempts_of(self, people: Collection[int]) -> Select[int]:
        of_these = Attempt.recipient_id.in_(these_ids(self._session, people))
        return select(Attempt.id).where(of_these, *self._attempts)

    def _of_people(self, people: Collection[int], place: Place, size: int) -> list[int]:
        ids = self._attempts_of(people).where(*place.conditions())
        return list(self._session.scalars(ids.order_by(place.nearest(Attempt.id)).limit(size + 1)))

    # By reading

    def _read(self, place: Place, size: int) -> LogPage:
        """The page as far as it is found among the next so many attempts of everybody."""
        first = self._next_id(place)
        if first is None:
            return LogPage([], False, None)
        last = first + MOST_READ - 1 if place.is_upwards else first - MOST_READ + 1
        ids = (
            select(Attempt.id)
            .join(Mailing, OF_ITS_MAILING)
            .join(Recipient, Recipient.id == Attempt.recipient_id)
            .where(Attempt.id.between(min(first, last), max(first, last)), *self._scope)
            .where(*self._attempts, *of_recipients(self._wanted))
        )
        found = list(self._session.scalars(ids.order_by(place.nearest(Attempt.id)).limit(size + 1)))
        page = self._page(found, place, size, None)
        unread = None if page.has_more else self._next_id(Place(last, place.is_upwards))
        if unread is None:
            return page
        at = self._session.scalars(select(Attempt.attempted_at).where(Attempt.id == unread)).one()
        return replace(page, reading=Reading(last, at))

    def _next_id(self, place: Place) -> int | None:
        """The nearest attempt of all these mailings, whatever became of it."""
        if self._is_everybodys:
            ids = select(Attempt.id).where(*place.conditions()).order_by(place.nearest(Attempt.id))
            return self._session.scalar(ids.limit(1))
        if near := self._at_a_glance((), place, 1):
            return near[0]
        return next((attempt_id for _, attempt_id in self._nearest(place.conditions(), place, 1)), None)
