"""How far a mailing is, in words: one headline, and the facts beside its books."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app
from flask_babel import gettext as _
from flask_babel import ngettext

from mailer.domain.books import Books
from mailer.domain.limits import Limits
from mailer.domain.pace import Pace, Retries
from mailer.models.mailings import Audience, Mailing, MailingStatus
from mailer.web.formats import clock, day_and_time, duration, number, percent, zone_name
from mailer.web.limit_words import limit_words

# From here on a rate is told by the second.
FAST = 2.0


@dataclass(frozen=True)
class Fact:
    """One figure beside the books; `minutes` are drawn as a line of bars."""

    name: str
    value: str
    note: str = ""
    minutes: tuple[int, ...] = ()


@dataclass(frozen=True)
class Progress:
    """What is known of a mailing's course; pace and retries of a started one only."""

    mailing: Mailing
    books: Books
    is_held: bool
    now: datetime
    pace: Pace | None = None
    retries: Retries | None = None
    # How much of the account's limits is used; empty without limits.
    used: str = ""

    @property
    def letters_to_go(self) -> int:
        return self.books.pending + self.books.sending

    @property
    def is_waiting_for_room(self) -> bool:
        """Whether the account's limits leave nothing at this moment."""
        return self.mailing.wakes_at is not None and self.mailing.wakes_at > self.now

    @property
    def time_left(self) -> timedelta | None:
        """An honest guess: none while it is held, or while too little is known."""
        if self.pace is None or self.is_held:
            return None
        at_this_pace = self.pace.time_for(self.letters_to_go)
        limits = Limits.of(current_app.config)
        if limits is not None and self.letters_to_go:
            # The latest minutes tell little of a pace that the limits of a day will set.
            at_this_pace = limits.time_for(self.letters_to_go)
        if at_this_pace is None or self.retries is None or self.retries.last_at is None:
            return at_this_pace
        return max(at_this_pace, self.retries.last_at - self.now)


def lead(mailing: Mailing, now: datetime) -> str:
    """The line under the mailing's name: to whom, when, and in which zone the times are."""
    times = {
        "start": day_and_time(mailing.started_at or mailing.start_time),
        "end": day_and_time(mailing.end_time),
        "completed": day_and_time(mailing.completed_at or mailing.end_time),
        "zone": zone_name(),
    }
    is_to_all = mailing.audience is Audience.ALL
    if mailing.status is MailingStatus.COMPLETED:
        return str(_("Started %(start)s, completed %(completed)s (%(zone)s).", **times))
    if mailing.status is MailingStatus.STARTED:
        if is_to_all:
            return str(_("Started %(start)s, to all clients. The window closes %(end)s (%(zone)s).", **times))
        return str(_("Started %(start)s, to selected clients. The window closes %(end)s (%(zone)s).", **times))
    if mailing.start_time <= now:
        return str(_("It starts as soon as a worker is free. The window closes %(end)s (%(zone)s).", **times))
    if is_to_all:
        return str(_("Starts %(start)s, to all clients. The window closes %(end)s (%(zone)s).", **times))
    return str(_("Starts %(start)s, to selected clients. The window closes %(end)s (%(zone)s).", **times))


def title(progress: Progress) -> str:
    """What the browser's tab shows: how far a mailing is, before its name."""
    mailing, books = progress.mailing, progress.books
    if mailing.status is MailingStatus.COMPLETED:
        return str(_("Completed · %(name)s", name=mailing.name))
    if mailing.status is MailingStatus.STARTED and books.total:
        # Rounded down: a hundred percent are not shown before nothing is left to do.
        done = percent(books.settled * 100 // books.total)
        return str(_("%(share)s · %(name)s", share=done, name=mailing.name))
    return mailing.name


def headline(progress: Progress) -> str:
    """What the mailing is doing."""
    mailing = progress.mailing
    if mailing.status is MailingStatus.COMPLETED:
        return str(_("Completed"))
    if progress.is_held:
        return str(_("Stands still"))
    if mailing.status is MailingStatus.CREATED:
        ahead = mailing.start_time - progress.now
        return str(_("Starts in %(time)s", time=duration(ahead)) if ahead > timedelta() else _("Starting"))
    if progress.is_waiting_for_room:
        return str(_("Waits for room in the account’s limits"))
    left = progress.time_left
    return str(_("About %(time)s left", time=duration(left)) if left is not None else _("Sending"))


def detail(progress: Progress) -> str:
    """How many are settled, and how many are still to go."""
    books = progress.books
    if progress.mailing.status is MailingStatus.CREATED:
        return ""
    if progress.mailing.status is MailingStatus.COMPLETED:
        return str(_("every recipient is settled"))
    settled, left = number(books.settled), number(progress.letters_to_go)
    return str(_("%(settled)s settled, %(left)s to go", settled=settled, left=left))


def facts(progress: Progress) -> list[Fact]:
    """The figures beside the books."""
    if progress.mailing.status is MailingStatus.CREATED:
        return [*_facts_before(progress.mailing), *_facts_of_limits(progress)]
    is_started = progress.mailing.status is MailingStatus.STARTED
    told = _facts_under_way(progress) if is_started else _facts_after(progress)
    if progress.mailing.unsubscribed:
        note = _("By the link in these letters.")
        told.append(Fact(_("Unsubscribed"), number(progress.mailing.unsubscribed), note))
    return told


def _facts_before(mailing: Mailing) -> list[Fact]:
    window = duration(mailing.end_time - mailing.start_time)
    return [
        Fact(_("Starts"), day_and_time(mailing.start_time), _("By itself; you need not be signed in.")),
        Fact(_("Window closes"), day_and_time(mailing.end_time), _("It is %(time)s long.", time=window)),
    ]


def _facts_under_way(progress: Progress) -> list[Fact]:
    told: list[Fact] = []
    if progress.pace is not None:
        minutes = progress.pace.minutes_of_rate
        note = ngettext("Over the last %(count)s minute.", "Over the last %(count)s minutes.", minutes, count=minutes)
        told.append(Fact(_("Rate"), rate(progress.pace.letters_a_second), note, progress.pace.minutes))
    told.append(_when_done(progress))
    told += _facts_of_limits(progress)
    retries = progress.retries
    if retries is not None and retries.last_at is not None:
        told.append(
            Fact(
                _("Waiting for another try"),
                number(retries.count),
                _due(_soon(retries.next_at or retries.last_at, progress.now), _soon(retries.last_at, progress.now)),
            )
        )
    return told


def _facts_of_limits(progress: Progress) -> list[Fact]:
    if not progress.used:
        return []
    mailing = progress.mailing
    told = [Fact(_("The account’s limits"), progress.used, _("Used, of what the account may send."))]
    if progress.is_waiting_for_room and mailing.wakes_at is not None:
        told.append(Fact(_("Goes on"), _soon(mailing.wakes_at, progress.now), _("By itself, when there is room.")))
    words = limit_words(progress.letters_to_go, mailing.end_time - max(progress.now, mailing.start_time))
    if words is not None and words.warning:
        told.append(Fact(_("Is the window long enough"), _("No"), words.warning))
    elif words is not None:
        note = _("The limits let these letters go out within %(time)s.", time=words.takes)
        told.append(Fact(_("Is the window long enough"), _("Yes"), note))
    return told


def _when_done(progress: Progress) -> Fact:
    name, left, end_time = _("Will be done"), progress.time_left, progress.mailing.end_time
    if progress.is_held:
        return Fact(name, "–", _("It stands still until the hold ends."))
    if left is None:
        return Fact(name, "–", _("Too few letters have gone out to tell."))
    done_at = progress.now + left
    if done_at >= end_time:
        return Fact(name, "–", _("Not at this pace: the window closes %(time)s.", time=day_and_time(end_time)))
    note = _("%(time)s before the window closes.", time=duration(end_time - done_at))
    return Fact(name, _soon(done_at, progress.now), note)


def _due(next_at: str, last_at: str) -> str:
    if next_at == last_at:
        return str(_("Due at %(time)s.", time=next_at))
    return str(_("The next is due at %(next)s, the last at %(last)s.", next=next_at, last=last_at))


def _soon(moment: datetime, now: datetime) -> str:
    """A moment ahead: its time of day says enough while nobody could take it for another day's."""
    return clock(moment) if moment - now < timedelta(hours=12) else day_and_time(moment)


def _facts_after(progress: Progress) -> list[Fact]:
    mailing, books = progress.mailing, progress.books
    if mailing.started_at is None or mailing.completed_at is None:
        return []
    told = [Fact(_("Completed"), day_and_time(mailing.completed_at))]
    if mailing.round > 1:
        return [*told, Fact(_("Rounds"), number(mailing.round), _("It was sent again to some of its recipients."))]
    took = mailing.completed_at - mailing.started_at
    letters = books.accepted + books.failed + books.unknown
    told.append(Fact(_("Took"), duration(took)))
    if letters:
        told.append(Fact(_("Rate"), rate(letters / max(took.total_seconds(), 1.0)), _("On average.")))
    return told


def rate(letters_a_second: float) -> str:
    """Letters a minute, or a second where they are many."""
    if letters_a_second >= FAST:
        return str(_("%(count)s a second", count=number(round(letters_a_second))))
    return str(_("%(count)s a minute", count=number(round(60 * letters_a_second))))
