from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from mailer.domain.books import COUNTED_AS, Books, books_of, books_of_each
from mailer.domain.figures import ClientFigures, client_figures_of, figures_of
from mailer.domain.holds import hold_mailing
from mailer.domain.reports import Period, started_mailings_of, total_books
from mailer.models.lanes import HoldKind
from mailer.models.mailings import RecipientState
from mailer.models.users import User
from tests.support.factories import (
    client_of,
    clients_with,
    completed_mailing_of,
    mailing_of,
    message_of,
    recipients_of,
    started_mailing_of,
    suppress,
)


def test_a_booked_mailing_counts_its_audience_of_now_as_pending(session: Session, alice: User, bob: User) -> None:
    clients_with(alice, "anna@example.org", "boris@example.org")
    client_of(bob)
    to_all = mailing_of(alice)
    to_one = mailing_of(alice, clients=[client_of(alice)])
    assert books_of(session, to_all) == Books(pending=3)
    assert books_of(session, to_one) == Books(pending=1)


def test_every_state_is_counted_under_exactly_one_name(session: Session, alice: User) -> None:
    mailing = started_mailing_of(alice, clients=[client_of(alice) for _ in RecipientState])
    for recipient, state in zip(recipients_of(mailing), RecipientState, strict=True):
        recipient.state = state
    session.flush()
    books = books_of(session, mailing)
    assert books == Books(pending=1, sending=2, accepted=1, failed=1, unknown=1, suppressed=1, expired=1)
    assert (books.total, books.settled) == (8, 5)


@settings(max_examples=25)
@given(states=st.lists(st.sampled_from(list(RecipientState)), max_size=30))
def test_the_books_balance_whatever_the_states_are(
    session: Session, alice: User, states: list[RecipientState]
) -> None:
    clients = [client_of(alice) for _ in range(max(1, len(states)))]
    mailing = started_mailing_of(alice, clients=clients)
    for recipient, state in zip(recipients_of(mailing), states, strict=False):
        recipient.state = state
    session.flush()
    books = books_of(session, mailing)
    assert books.total == len(clients)
    for name in set(COUNTED_AS.values()) - {"pending"}:
        assert getattr(books, name) == sum(COUNTED_AS[state] == name for state in states)


def test_the_books_of_several_mailings_are_those_of_each(session: Session, alice: User, bob: User) -> None:
    mailings = [
        mailing_of(alice),
        mailing_of(alice, clients=[client_of(alice)]),
        mailing_of(bob),
        started_mailing_of(alice),
        completed_mailing_of(alice, accepted=2, failed=1, unknown=1),
    ]
    together = books_of_each(session, mailings)
    assert together == {mailing.id: books_of(session, mailing) for mailing in mailings}
    assert together[mailings[-1].id] == Books(accepted=2, failed=1, unknown=1)


def test_a_report_adds_up_the_mailings_that_started_within_its_period(
    session: Session, alice: User, bob: User
) -> None:
    first, second = completed_mailing_of(alice, accepted=2), completed_mailing_of(alice, accepted=1, failed=1)
    completed_mailing_of(bob, accepted=5)
    mailing_of(alice)
    assert first.started_at is not None and second.started_at is not None
    everything = started_mailings_of(alice.id, Period())
    assert total_books(session, everything) == Books(accepted=3, failed=1)
    later = started_mailings_of(alice.id, Period(begins_at=second.started_at))
    assert session.scalars(later).all() == [second]
    earlier = started_mailings_of(alice.id, Period(ends_at=second.started_at))
    assert session.scalars(earlier).all() == [first]


def test_a_report_of_a_period_in_which_nothing_started_is_empty(session: Session, alice: User, now: datetime) -> None:
    completed_mailing_of(alice)
    tomorrow = Period(begins_at=now + timedelta(days=1))
    assert total_books(session, started_mailings_of(alice.id, tomorrow)) == Books()


def test_the_figures_of_the_home_page_are_the_owners_own(
    session: Session, alice: User, bob: User, now: datetime
) -> None:
    clients_with(alice, "anna@example.org", "boris@example.org")
    suppress(alice, "anna@example.org")
    message = message_of(alice)
    mailing_of(alice, message=message)
    held = started_mailing_of(alice, message=message)
    started_mailing_of(alice, message=message)
    hold_mailing(session, held.id, HoldKind.PAUSED, now, placed_by_id=alice.id)
    completed_mailing_of(bob)
    figures = figures_of(session, alice.id, now)
    assert (figures.created, figures.started, figures.completed, figures.mailings) == (1, 2, 0, 3)
    assert (figures.held, figures.messages) == (1, 1)
    assert client_figures_of(session, alice.id) == ClientFigures(clients=2, suppressed=1)
