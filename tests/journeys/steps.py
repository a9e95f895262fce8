"""What the journeys share: people with a full file of clients, and the comparison of two sets of books."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.domain.books import Books, books_of
from mailer.models.mailings import Attempt, AttemptStatus, Mailing, MailingStatus, Recipient, RecipientState
from mailer.models.users import User
from tests.support.factories import clients_with, mailing_of, session_of
from tests.support.smtp_ledger import Ledger
from tests.support.waiting import wait_until


def addresses(count: int, behaviour: str = "ok") -> list[str]:
    """Addresses that the tests' SMTP server treats according to `behaviour`."""
    return [f"{behaviour}{number}@example.org" for number in range(1, count + 1)]


def due_mailing_of(owner: User, emails: Sequence[str], *, starts_in: timedelta = timedelta()) -> Mailing:
    """A booked and committed mailing to new clients with these addresses."""
    mailing = mailing_of(owner, clients=clients_with(owner, *emails), starts_in=starts_in)
    session_of(owner).commit()
    return mailing


class Watcher:
    """Looks at one mailing, each time anew."""

    def __init__(self, session: Session, mailing: Mailing) -> None:
        self._session = session
        self._mailing_id = mailing.id
        session.commit()

    @property
    def mailing(self) -> Mailing:
        # A transaction left open would go on showing the database as it was.
        self._session.rollback()
        return self._session.get_one(Mailing, self._mailing_id, populate_existing=True)

    @property
    def books(self) -> Books:
        return books_of(self._session, self.mailing)

    def states(self) -> dict[str, RecipientState]:
        self._session.rollback()
        rows = select(Recipient.email, Recipient.state).where(Recipient.mailing_id == self._mailing_id)
        return {email: state for email, state in self._session.execute(rows)}

    def attempts(self) -> dict[str, list[Attempt]]:
        """The log of each address, oldest first."""
        self._session.rollback()
        rows = (
            select(Recipient.email, Attempt)
            .join(Attempt, Attempt.recipient_id == Recipient.id)
            .where(Recipient.mailing_id == self._mailing_id)
            .order_by(Attempt.id)
        )
        logs: dict[str, list[Attempt]] = {}
        for email, attempt in self._session.execute(rows):
            logs.setdefault(email, []).append(attempt)
        return logs

    def wait_until_completed(self, within: float = 90) -> Books:
        """The final books."""
        self.wait(lambda books: self.mailing.status is MailingStatus.COMPLETED, "the mailing to complete", within)
        return self.books

    def wait(self, condition: Callable[[Books], bool], what: str, within: float = 60) -> Books:
        """The books as they were when they first met the condition."""

        def look() -> Books | None:
            books = self.books
            return books if condition(books) else None

        try:
            found = wait_until(look, what, within)
        except AssertionError as error:
            raise AssertionError(f"{error}; {self.mailing.status.value}, {self.books}") from error
        assert found is not None
        return found


def assert_books_agree(watcher: Watcher, ledger: Ledger) -> None:
    """What we say of a completed mailing, and what the server says, tell the same story."""
    books, states, copies = watcher.books, watcher.states(), ledger.copies()
    assert books.total == len(states)
    assert twice(copies) == {}
    assert books.accepted <= copies.total() <= books.accepted + books.unknown
    for email, state in states.items():
        if state is RecipientState.ACCEPTED:
            assert copies[email] == 1, f"{email} is accepted, but the server has no letter"
        elif state is not RecipientState.UNKNOWN:
            assert copies[email] == 0, f"{email} is {state.value}, but the server has a letter"
    assert_every_end_is_named(watcher)


def assert_every_end_is_named(watcher: Watcher) -> None:
    """Each accepted, failed and unknown recipient has an attempt that says so, in the server's words or in ours."""
    ends = {
        RecipientState.ACCEPTED: AttemptStatus.SUCCESS,
        RecipientState.FAILED: AttemptStatus.FAILED,
        RecipientState.UNKNOWN: AttemptStatus.UNKNOWN,
    }
    logs = watcher.attempts()
    for email, state in watcher.states().items():
        if state in ends:
            last = logs[email][-1]
            assert last.status is ends[state], f"{email} is {state.value}, its last attempt {last.status.value}"
            assert last.reply, f"nobody says why {email} is {state.value}"


def twice(copies: Counter[str]) -> dict[str, int]:
    """The addresses that got more than one copy."""
    return {email: count for email, count in copies.items() if count > 1}
