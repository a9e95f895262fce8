"""Reports read sums; whatever happened to the mailings, these come to what counting row by row comes to."""

import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, Select, delete, func, select
from sqlalchemy.orm import Session

from mailer.delivery.summing import sum_mailing, sum_waiting
from mailer.domain.books import COUNTED_AS, Books, books_of_each
from mailer.domain.erased import ERASED_DOMAIN, is_placeholder
from mailer.domain.erasing import erase_address
from mailer.domain.gone_attempts import keep_counts_of_gone, note_change
from mailer.domain.progress import complete_if_settled, resend
from mailer.domain.proving import differences, ticket_of
from mailer.domain.pruning import prune_batch
from mailer.domain.replies import MOST_GROUPS, Answered, ReplyTally, example_of, words_of
from mailer.domain.reports import ALWAYS, Period, started_mailings_of, total_books
from mailer.domain.summing import (
    BATCH,
    SumsOverrun,
    answered,
    close_sums,
    count_books,
    draw_ticket,
    make_room,
    put_sums,
    sum_quarters,
)
from mailer.domain.sums import attempts_by_domain, attempts_by_quarter, replies_counted
from mailer.models.mailings import Attempt, AttemptStatus, Mailing, MailingStatus, Recipient, RecipientState, Verdict
from mailer.models.sums import DomainSums, MailingSums, QuarterSums
from mailer.models.users import User
from tests.support.factories import (
    attempt_on,
    client_of,
    completed_mailing_of,
    mailing_of,
    recipients_of,
    settle,
    started_mailing_of,
    user_of,
)

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
YEAR = timedelta(days=365)
DOMAINS = ("a.example", "b.example", "xn--p1ai")

# What a try may come to: the state after it, and the answer.
TRIES = (
    (RecipientState.ACCEPTED, AttemptStatus.SUCCESS, Verdict.ACCEPTED, 250, "2.0.0 Ok: queued as 4XyZ99aBcD"),
    (RecipientState.FAILED, AttemptStatus.FAILED, Verdict.RECIPIENT, 550, "5.1.1 <{email}>: no such user"),
    (RecipientState.UNKNOWN, AttemptStatus.UNKNOWN, Verdict.UNKNOWN, None, "the connection was lost"),
    (RecipientState.PENDING, AttemptStatus.DEFERRED, Verdict.TEMPORARY, 451, "4.7.1 Greylisted, id 1rXyZa-0001Ab"),
)

steps = st.tuples(
    st.sampled_from(
        ("try", "try", "end", "late", "resend", "prune", "erase", "forget", "sum", "sum", "killed while summing")
    ),
    st.integers(0, 1),
    st.integers(0, 2),
    st.sampled_from(range(len(TRIES))),
    st.sampled_from((0, 3, 40, 370, 800)),
)


@dataclass
class Ledger:
    """Every attempt that was ever made, whatever became of its row."""

    quarters: Counter[tuple[int, str]] = field(default_factory=Counter)
    domains: Counter[tuple[str, str]] = field(default_factory=Counter)
    replies: Counter[tuple[str, int | None]] = field(default_factory=Counter)

    def note(self, attempt: Attempt, recipient: Recipient) -> None:
        status = attempt.status.value
        self.quarters[int(attempt.attempted_at.timestamp()) // 900, status] += 1
        self.domains[recipient.email.partition("@")[2], status] += 1
        self.replies[status, attempt.code] += 1


def told(session: Session, mailings: Select[Mailing]) -> Ledger:
    """The same, as the reports tell it."""
    ledger = Ledger()
    for found, counts in ((attempts_by_quarter, ledger.quarters), (attempts_by_domain, ledger.domains)):
        for row in session.execute(select(found(mailings))).mappings():
            for status in AttemptStatus:
                # A zero of a Counter is no other than one that is missing.
                counts[row.get("quarter", row.get("domain")), status.value] += row[status.value]
    for key, group in replies_counted(session, mailings).items():
        ledger.replies[key.status.value, key.code] += group.attempts
    return Ledger(+ledger.quarters, +ledger.domains, +ledger.replies)


def plain_books(mailings: list[Mailing]) -> Books:
    return Books(**Counter(COUNTED_AS[recipient.state] for mailing in mailings for recipient in recipients_of(mailing)))


class History:
    """Two mailings of three recipients each, and what is done to them."""

    def __init__(self, engine: Engine, session: Session, owner: User) -> None:
        self.engine, self.session = engine, session
        clients = [client_of(owner, f"{number}@{DOMAINS[number]}") for number in range(3)]
        self.mailings = [started_mailing_of(owner, clients=clients, lasts=YEAR) for _ in range(2)]
        self.ledger = Ledger()
        session.commit()

    def take(self, step: str, mailing_place: int, recipient_place: int, try_place: int, days: int) -> None:
        mailing = self.mailings[mailing_place]
        recipient = recipients_of(mailing)[recipient_place]
        getattr(self, step.replace(" ", "_") + "_")(mailing, recipient, try_place, days)
        self.session.commit()

    def try_(self, mailing: Mailing, recipient: Recipient, try_place: int, days: int) -> None:
        if mailing.status is MailingStatus.STARTED and recipient.state is RecipientState.PENDING:
            self._answer(recipient, try_place, days)

    def late_(self, mailing: Mailing, recipient: Recipient, try_place: int, days: int) -> None:
        if recipient.state is RecipientState.UNKNOWN:
            self._answer(recipient, try_place % 2, days)

    def _answer(self, recipient: Recipient, try_place: int, days: int) -> None:
        state, status, verdict, code, reply = TRIES[try_place]
        recipient.state, recipient.tries = state, recipient.tries + 1
        words = reply.format(email=recipient.email)
        attempt = attempt_on(recipient, status, verdict, code, words, NOW - timedelta(days=days))
        self.ledger.note(attempt, recipient)

    def end_(self, mailing: Mailing, *_rest: object) -> None:
        for recipient in recipients_of(mailing, RecipientState.PENDING):
            recipient.state = RecipientState.EXPIRED
        self.session.flush()
        complete_if_settled(self.session, mailing.id)

    def resend_(self, mailing: Mailing, *_rest: object) -> None:
        again = (RecipientState.FAILED, RecipientState.UNKNOWN, RecipientState.EXPIRED)
        found = [recipient for recipient in recipients_of(mailing, *again) if not is_placeholder(recipient.email)]
        if mailing.status is MailingStatus.COMPLETED and found:
            resend(self.session, mailing, again, NOW, NOW + YEAR, NOW)

    def prune_(self, mailing: Mailing, *_rest: object) -> None:
        prune_batch(self.session, mailing.id, NOW - YEAR, 0, BATCH)

    def erase_(self, mailing: Mailing, recipient: Recipient, *_rest: object) -> None:
        is_theirs = Attempt.recipient_id == recipient.id
        keep_counts_of_gone(self.session, mailing.id, answered().where(is_theirs))
        self.session.execute(delete(Attempt).where(is_theirs))

    def forget_(self, mailing: Mailing, recipient: Recipient, *_rest: object) -> None:
        if is_placeholder(recipient.email):
            return
        # Both mailings write to the same clients.
        ids = [other.id for each in self.mailings for other in recipients_of(each) if other.email == recipient.email]
        domain = recipient.email.partition("@")[2]
        for attempt in self.session.scalars(select(Attempt).where(Attempt.recipient_id.in_(ids))):
            # What is pruned already is counted under the domain, which is all that is left of it.
            self.ledger.domains[domain, attempt.status.value] -= 1
            self.ledger.domains[ERASED_DOMAIN, attempt.status.value] += 1
        erase_address(self.session, mailing.owner_id, recipient.email, NOW)
        self.session.expire_all()

    def sum_(self, mailing: Mailing, *_rest: object) -> None:
        assert sum_mailing(self.engine, mailing.id) is (mailing.status is MailingStatus.COMPLETED)

    def killed_while_summing_(self, mailing: Mailing, *_rest: object) -> None:
        ticket = draw_ticket(self.session, mailing.id)
        if ticket is not None:
            make_room(self.session, mailing.id, ticket)
            for rows in sum_quarters(self.session, mailing.id):
                put_sums(self.session, mailing.id, ticket, QuarterSums, rows)


@settings(max_examples=10)
@given(history=st.lists(steps, min_size=6, max_size=16))
def test_reports_tell_what_happened_whatever_happened(
    engine: Engine, session: Session, history: list[tuple[str, int, int, int, int]]
) -> None:
    session.rollback()
    # One database for all examples, because what makes sums commits: each has an owner of its own.
    owner = user_of(session, f"{uuid.uuid4()}@mailer.example")
    played = History(engine, session, owner)
    mailings = started_mailings_of(owner.id, ALWAYS)
    for step in history:
        played.take(*step)
        assert told(session, mailings) == played.ledger
        assert total_books(session, mailings) == plain_books(played.mailings)
    for mailing in played.mailings:
        if ticket_of(session, mailing.id) is not None:
            assert differences(session, mailing.id) == []


@pytest.fixture
def summed(engine: Engine, session: Session, alice: User) -> Mailing:
    """A completed mailing with true sums: one accepted, one failed, one unknown."""
    mailing = completed_mailing_of(alice, accepted=1, failed=1, unknown=1)
    session.commit()
    assert sum_waiting(engine) == 1
    session.commit()
    return mailing


def test_what_is_summed_is_not_read_again(session: Session, alice: User, summed: Mailing, engine: Engine) -> None:
    # Nobody but this test deletes rows unsaid: so it shows where the figures come from.
    session.execute(delete(Recipient))
    session.execute(delete(Attempt))
    mailings = started_mailings_of(alice.id, ALWAYS)
    assert books_of_each(session, [summed])[summed.id] == Books(accepted=1, failed=1, unknown=1)
    assert total_books(session, mailings) == Books(accepted=1, failed=1, unknown=1)
    assert session.execute(select(func.sum(attempts_by_domain(mailings).c.success))).scalar_one() == 1
    assert sum(group.attempts for group in replies_counted(session, mailings).values()) == 3


def test_each_difference_is_named(session: Session, summed: Mailing) -> None:
    session.get_one(MailingSums, summed.id).accepted = 5
    (domain,) = session.scalars(select(DomainSums))
    domain.failed, domain.domain = 0, "example.org"
    session.flush()
    found = [(each.what, each.key, each.summed, each.counted) for each in differences(session, summed.id)]
    assert found == [("recipients", "accepted", 5, 1), ("domains", "example.org, failed", 0, 1)]


def test_a_late_answer_makes_the_sums_untrue_until_they_are_made_anew(
    engine: Engine, session: Session, alice: User, summed: Mailing
) -> None:
    (recipient,) = recipients_of(summed, RecipientState.UNKNOWN)
    settle(recipient, RecipientState.ACCEPTED)
    session.commit()
    assert ticket_of(session, summed.id) is None
    assert books_of_each(session, [summed])[summed.id] == Books(accepted=2, failed=1)
    session.commit()
    assert sum_waiting(engine) == 1 and sum_waiting(engine) == 0
    assert ticket_of(session, summed.id) is not None


def test_what_comes_while_the_sums_are_made_makes_them_void(session: Session, summed: Mailing) -> None:
    ticket = draw_ticket(session, summed.id)
    assert ticket is not None
    make_room(session, summed.id, ticket)
    settle(recipients_of(summed, RecipientState.UNKNOWN)[0], RecipientState.FAILED)
    with pytest.raises(SumsOverrun):
        put_sums(session, summed.id, ticket, QuarterSums, [{"quarter": 1}])
    with pytest.raises(SumsOverrun):
        close_sums(session, summed.id, ticket, Books())
    assert ticket_of(session, summed.id) is None


def test_of_two_who_make_the_same_sums_the_later_one_does(session: Session, summed: Mailing) -> None:
    first, second = draw_ticket(session, summed.id), draw_ticket(session, summed.id)
    assert first is not None and second is not None
    with pytest.raises(SumsOverrun):
        make_room(session, summed.id, first)
    make_room(session, summed.id, second)


def test_only_completed_mailings_are_summed(engine: Engine, session: Session, alice: User) -> None:
    ids = [mailing_of(alice).id, started_mailing_of(alice).id, 99]
    session.commit()
    assert sum_waiting(engine) == 0
    assert [sum_mailing(engine, mailing_id) for mailing_id in ids] == [False] * 3


def test_one_that_cannot_be_summed_stops_no_other(
    engine: Engine, session: Session, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [completed_mailing_of(alice).id for _ in range(3)]
    session.commit()

    def refuse(session: Session, mailing_id: int) -> Books:
        if mailing_id == ids[1]:
            raise RuntimeError("a fault")
        return count_books(session, mailing_id)

    monkeypatch.setattr("mailer.delivery.summing.count_books", refuse)
    assert sum_waiting(engine) == 2
    assert [ticket_of(session, mailing_id) is not None for mailing_id in ids] == [True, False, True]


def test_the_sums_go_with_their_mailing(session: Session, summed: Mailing) -> None:
    note_change(session, summed.id)
    session.execute(delete(Mailing))
    assert [session.scalar(select(func.count()).select_from(table)) for table in (MailingSums, QuarterSums)] == [0, 0]


def test_a_period_takes_the_attempts_between_its_ends(engine: Engine, session: Session, alice: User) -> None:
    midnight = datetime(2026, 6, 30, 18, 30, tzinfo=UTC)
    for mailing in (completed_mailing_of(alice), started_mailing_of(alice, clients=[client_of(alice)])):
        (recipient,) = recipients_of(mailing)
        for seconds in (-1, 0, 86399, 86400):
            attempt_on(recipient, attempted_at=midnight + timedelta(seconds=seconds))
    session.commit()
    sum_waiting(engine)
    found = attempts_by_quarter(
        started_mailings_of(alice.id, ALWAYS), Period(midnight, midnight + timedelta(days=1))
    )
    assert session.scalar(select(func.sum(found.c.success))) == 4


@pytest.mark.parametrize(
    ("reply", "example", "words"),
    [
        ("5.1.1 <anna@example.org>: unknown", "5.1.1 <>: unknown", "5.1.1 <>: unknown"),
        ("no mailbox ANNA here", "no mailbox <> here", "no mailbox <> here"),
        ("say hello to annabel", "say hello to annabel", "say hello to annabel"),
        ("550-5.7.26 not for other@x.example", "550-5.7.26 not for <>", "550-5.7.26 not for <>"),
        ("queued as 4XyZ99aBcD 1rXyZa-0001Ab", "queued as 4XyZ99aBcD 1rXyZa-0001Ab", "queued as … …"),
        ("try again in 5 minutes", "try again in 5 minutes", "try again in 5 minutes"),
    ],
)
def test_a_kept_reply_names_nobody_and_groups_with_its_like(reply: str, example: str, words: str) -> None:
    assert example_of(reply, "anna@example.org") == example
    assert words_of(example) == words


def test_a_server_that_always_says_something_else_does_not_fill_the_sums() -> None:
    tally = ReplyTally()
    for number in range(300):
        words = "no " + "x" * number
        tally.count(Answered(AttemptStatus.FAILED, Verdict.RECIPIENT, 550 + number % 2, words, 1, "a.example", ""))
    assert len(tally.groups) == MOST_GROUPS + 2
    assert sum(group.attempts for group in tally.groups.values()) == 300
