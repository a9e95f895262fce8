"""What to do next: what is still missing, and what needs a person's look."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from mailer.domain.books import Books
from mailer.domain.figures import ClientFigures, Figures, unused_message
from mailer.extensions import db
from mailer.models.lanes import Hold
from mailer.models.mailings import Mailing, MailingStatus
from mailer.web.confirmation import is_confirmation_missing
from mailer.web.formats import day, day_and_time, number
from mailer.web.hold_words import hold_words

MOST_TASKS = 6


@dataclass(frozen=True)
class Task:
    """One line of the list; `mark` names the state whose icon and colour it has."""

    mark: str
    title: str
    note: str
    action: str
    url: str


def tasks(
    figures: Figures,
    clients: ClientFigures,
    mailings: Sequence[Mailing],
    books: Mapping[int, Books],
    holds: Mapping[int, list[Hold]],
) -> list[Task]:
    """The tasks that the first page shows, the most urgent first."""
    urgent = [*_confirmation(), *_unknowns(mailings, books), *_holds(mailings, books, holds)]
    return [*urgent, *_beginnings(figures, clients)][:MOST_TASKS]


def _confirmation() -> Iterator[Task]:
    if is_confirmation_missing(current_user.id):
        yield Task(
            "paused",
            _("Your address is not confirmed yet"),
            _("Until it is, no mailing of yours can start. A letter with a link has gone to you."),
            _("Confirm it"),
            url_for("auth.profile"),
        )


def _unknowns(mailings: Sequence[Mailing], books: Mapping[int, Books]) -> Iterator[Task]:
    for mailing in mailings:
        count = books[mailing.id].unknown
        if count:
            title = ngettext(
                "%(count)s recipient is unknown in %(name)s",
                "%(count)s recipients are unknown in %(name)s",
                count,
                count=number(count),
                name=mailing.name,
            )
            yield Task(
                "unknown",
                title,
                _("The reply never came. Mailer does not write to them again by itself."),
                _("Look at them"),
                url_for("mailings.show", mailing_id=mailing.id, state="unknown", _anchor="recipients"),
            )


def _holds(
    mailings: Sequence[Mailing], books: Mapping[int, Books], holds: Mapping[int, list[Hold]]
) -> Iterator[Task]:
    for mailing in mailings:
        if mailing.status is MailingStatus.COMPLETED:
            continue
        for hold in holds.get(mailing.id, []):
            title = _("%(name)s stands still", name=mailing.name)
            url = url_for("mailings.show", mailing_id=mailing.id)
            yield Task(hold.kind, title, _held_note(mailing, books[mailing.id], hold), _("Open"), url)


def _held_note(mailing: Mailing, books: Books, hold: Hold) -> str:
    return str(
        ngettext(
            "%(hold)s. %(count)s recipient waits until %(time)s, and expires then.",
            "%(hold)s. %(count)s recipients wait until %(time)s, and expire then.",
            books.pending,
            hold=hold_words(hold).line,
            count=number(books.pending),
            time=day_and_time(mailing.end_time),
        )
    )


def _beginnings(figures: Figures, clients: ClientFigures) -> Iterator[Task]:
    if not clients.clients:
        yield Task(
            "pending",
            _("No client is on file yet"),
            _("Add the people you write to, each with an address."),
            _("Add a client"),
            url_for("clients.new"),
        )
    if not figures.messages:
        yield Task(
            "pending",
            _("No message is written yet"),
            _("A message is what a mailing sends: a subject and a text."),
            _("Write a message"),
            url_for("messages.new"),
        )
    elif (message := unused_message(db.session, current_user.id)) is not None:
        yield Task(
            "pending",
            _("%(subject)s is written and not sent", subject=message.subject),
            _("A message from %(day)s without a mailing.", day=day(message.created_at)),
            _("Make a mailing"),
            url_for("mailings.new", message_id=message.id),
        )
