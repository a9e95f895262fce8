"""A whole lane against a real SMTP server that answers by address."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from mailer.delivery import delivering, lane, pool
from mailer.delivery.answering import MOST_TRIES
from mailer.delivery.claims import DatabaseAway, Fence, Turn, Wishes
from mailer.delivery.claims_postgresql import PostgresqlFence
from mailer.delivery.claims_sqlite import SqliteFence
from mailer.delivery.lane import BREAKS_IN_A_ROW, FAILURES_BETWEEN_LOOKS, End
from mailer.delivery.pool import Pool
from mailer.domain.books import Books, books_of
from mailer.domain.breaker import LEAST, Results
from mailer.domain.clock import database_now
from mailer.domain.holds import hold_account, holds_on_account, holds_on_mailing
from mailer.domain.limits import HOUR
from mailer.models.lanes import Hold, HoldKind, Lane
from mailer.models.mailings import (
    Attempt,
    AttemptStatus,
    Mailing,
    MailingStatus,
    Recipient,
    RecipientState,
    Verdict,
)
from mailer.models.users import User
from tests.delivery.conftest import Deliver
from tests.support.factories import clients_with, message_of, recipients_of, started_mailing_of, states_of
from tests.support.smtp_faults import LOGIN_REFUSED, SENDER_REFUSED, TOO_BUSY, TOO_MANY_LETTERS, SpamBlock
from tests.support.smtp_server import SmtpServer

AttemptsOf = Callable[[Mailing], list[Attempt]]


@pytest.fixture(params=[True, False], ids=["pipelining", "one command at a time"])
def is_pipelining(smtp_server: SmtpServer, request: pytest.FixtureRequest) -> bool:
    smtp_server.manners.is_pipelining = request.param
    return bool(request.param)


def mailing_to(owner: User, *emails: str) -> Mailing:
    return started_mailing_of(owner, clients=clients_with(owner, *emails))


def test_every_recipient_gets_one_letter(
    smtp_server: SmtpServer, is_pipelining: bool, deliver: Deliver, alice: User, session: Session
) -> None:
    emails = [f"ok{number}@example.org" for number in range(40)]
    mailing = mailing_to(alice, *emails)
    assert deliver(mailing) is End.DRY
    assert mailing.status is MailingStatus.COMPLETED
    assert books_of(session, mailing) == Books(accepted=40)
    assert smtp_server.ledger.copies() == dict.fromkeys(emails, 1)
    assert smtp_server.ledger.connections <= 3
    assert session.scalars(select(Lane)).all() == []


def test_each_answer_finds_its_recipient(
    smtp_server: SmtpServer,
    is_pipelining: bool,
    deliver: Deliver,
    alice: User,
    session: Session,
    attempts_of: AttemptsOf,
) -> None:
    mailing = mailing_to(
        alice,
        "ok1@example.org",
        "user-unknown1@example.org",
        "spam1@example.org",
        "drop1@example.org",
        "kept-drop1@example.org",
        "grey1@example.org",
        "ok2@example.org",
        "user-unknown2@example.org",
        "ok3@example.org",
    )
    deliver(mailing)
    assert states_of(mailing) == {
        "ok1@example.org": "accepted",
        "user-unknown1@example.org": "failed",
        "spam1@example.org": "failed",
        "drop1@example.org": "unknown",
        "kept-drop1@example.org": "unknown",
        "grey1@example.org": "pending",
        "ok2@example.org": "accepted",
        "user-unknown2@example.org": "failed",
        "ok3@example.org": "accepted",
    }
    answers = {session.get_one(Recipient, a.recipient_id).email: a for a in attempts_of(mailing)}
    assert (answers["user-unknown1@example.org"].code, answers["user-unknown1@example.org"].verdict) == (
        550,
        Verdict.RECIPIENT,
    )
    assert answers["user-unknown1@example.org"].reply == "5.1.1 User unknown"
    assert (answers["spam1@example.org"].code, answers["spam1@example.org"].verdict) == (554, Verdict.CONTENT)
    assert (answers["drop1@example.org"].code, answers["drop1@example.org"].status) == (None, AttemptStatus.UNKNOWN)
    assert answers["grey1@example.org"].status is AttemptStatus.DEFERRED
    assert mailing.status is MailingStatus.STARTED


def test_a_deferred_recipient_is_satisfied_on_the_second_try(
    smtp_server: SmtpServer, deliver: Deliver, alice: User, session: Session, attempts_of: AttemptsOf
) -> None:
    mailing = mailing_to(alice, "grey1@example.org", "grey-dot1@example.org")
    deliver(mailing)
    assert set(states_of(mailing).values()) == {"pending"}
    assert all(recipient.next_attempt_at is not None for recipient in recipients_of(mailing))
    session.execute(update(Recipient).values(next_attempt_at=database_now(session)))
    deliver(mailing)
    assert books_of(session, mailing) == Books(accepted=2)
    statuses = sorted(attempt.status.value for attempt in attempts_of(mailing))
    assert statuses == ["deferred", "deferred", "success", "success"]
    assert smtp_server.ledger.copies() == {"grey1@example.org": 1, "grey-dot1@example.org": 1}


def test_a_time_that_the_reply_names_is_kept_to(
    smtp_server: SmtpServer, deliver: Deliver, alice: User, session: Session
) -> None:
    mailing = mailing_to(alice, "grey-named1@example.org", "ok1@example.org")
    deliver(mailing)
    assert states_of(mailing) == {"grey-named1@example.org": "pending", "ok1@example.org": "accepted"}
    [put_off] = recipients_of(mailing, RecipientState.PENDING)
    assert put_off.next_attempt_at is not None
    # PostgreSQL's clock goes on within the statement that writes both.
    assert timedelta() <= put_off.changed_at + timedelta(minutes=20) - put_off.next_attempt_at < timedelta(seconds=1)


def test_whoever_is_put_off_too_often_has_failed(
    smtp_server: SmtpServer, deliver: Deliver, alice: User, session: Session, attempts_of: AttemptsOf
) -> None:
    mailing = mailing_to(alice, "busy1@example.org")
    recipients_of(mailing)[0].tries = MOST_TRIES - 1
    deliver(mailing)
    assert books_of(session, mailing) == Books(failed=1)
    [attempt] = attempts_of(mailing)
    assert (attempt.status, attempt.verdict) == (AttemptStatus.FAILED, Verdict.TEMPORARY)


def test_a_block_for_spam_holds_the_account_for_its_day_and_burns_nobody(
    smtp_server: SmtpServer, deliver: Deliver, alice: User, session: Session
) -> None:
    mailing = mailing_to(alice, "spam-block1@example.org", *(f"ok{number}@example.org" for number in range(20)))
    assert deliver(mailing) is End.ACCOUNT_HELD
    books = books_of(session, mailing)
    assert (books.failed, books.unknown, books.sending) == (0, 0, 0)
    (hold,) = holds_on_account(session, database_now(session))
    assert (hold.kind, hold.code) == (HoldKind.BLOCKED, 554)
    assert hold.until == hold.placed_at + timedelta(hours=24, minutes=10)
    connections = smtp_server.ledger.connections
    assert deliver(mailing) is End.ACCOUNT_HELD
    assert smtp_server.ledger.connections == connections


def test_a_letter_cut_off_before_its_dot_is_tried_again(
    smtp_server: SmtpServer,
    is_pipelining: bool,
    deliver: Deliver,
    alice: User,
    session: Session,
    attempts_of: AttemptsOf,
) -> None:
    # Too long for the buffers on the way, so that its dot is certainly still here when the line breaks.
    body = "A long letter. " * 800_000
    clients = clients_with(alice, "cut-midway1@example.org", "ok1@example.org")
    mailing = started_mailing_of(alice, message=message_of(alice, body=body), clients=clients)
    deliver(mailing)
    assert states_of(mailing) == {"cut-midway1@example.org": "pending", "ok1@example.org": "accepted"}
    assert sorted(attempt.status.value for attempt in attempts_of(mailing)) == ["deferred", "success"]


def test_an_envelope_whose_line_breaks_costs_its_recipient_nothing(
    smtp_server: SmtpServer, is_pipelining: bool, deliver: Deliver, alice: User, session: Session
) -> None:
    mailing = mailing_to(alice, "cut1@example.org", "ok1@example.org", "ok2@example.org")
    deliver(mailing)
    assert books_of(session, mailing) == Books(accepted=3)


@pytest.mark.parametrize("reply", [LOGIN_REFUSED, "534 5.7.9 Application-specific password required"])
def test_a_refused_login_holds_the_account_and_burns_nobody(
    smtp_server: SmtpServer, deliver: Deliver, alice: User, session: Session, reply: str
) -> None:
    smtp_server.manners.login_reply = reply
    mailing = mailing_to(alice, *(f"ok{number}@example.org" for number in range(10)))
    end = deliver(mailing, MAIL_USERNAME="shop", MAIL_PASSWORD="wrong")
    assert end is End.ACCOUNT_HELD
    assert books_of(session, mailing) == Books(pending=10)
    (hold,) = holds_on_account(session, database_now(session))
    assert (hold.kind, hold.code, hold.until) == (HoldKind.LOGIN_REFUSED, int(reply[:3]), None)
    connections = smtp_server.ledger.connections
    assert deliver(mailing, MAIL_USERNAME="shop", MAIL_PASSWORD="wrong") is End.ACCOUNT_HELD
    assert smtp_server.ledger.connections == connections


def test_a_refused_sender_holds_the_account_and_burns_nobody(
    smtp_server: SmtpServer, is_pipelining: bool, deliver: Deliver, alice: User, session: Session
) -> None:
    smtp_server.manners.sender_reply = SENDER_REFUSED
    mailing = mailing_to(alice, *(f"ok{number}@example.org" for number in range(10)))
    assert deliver(mailing) is End.ACCOUNT_HELD
    assert books_of(session, mailing) == Books(pending=10)
    (hold,) = holds_on_account(session, database_now(session))
    assert (hold.kind, hold.reason) == (HoldKind.SENDER_REFUSED, "5.7.1 You may not send as this address")
    assert len(smtp_server.ledger) == 0


def test_after_a_hold_one_connection_tries_with_one_letter_before_the_others_follow(
    smtp_server: SmtpServer, deliver: Deliver, alice: User, session: Session
) -> None:
    mailing = mailing_to(alice, *(f"ok{number}@example.org" for number in range(20)))
    now = database_now(session)
    hold_account(session, HoldKind.BLOCKED, now, reason="5.7.1 blocked", code=554, until=now)
    smtp_server.manners.dot_delay = 0.2
    deliver(mailing)
    assert books_of(session, mailing) == Books(accepted=20)
    assert session.scalars(select(Hold)).one().lifted_at is not None
    first, second = smtp_server.ledger.letters[:2]
    # The server answers a fifth of a second after it has kept a letter.
    assert second.received_at - first.received_at >= 0.2
    assert smtp_server.ledger.connections > 1


def test_a_probe_that_is_refused_is_one_connection_and_costs_nobody_a_try(
    smtp_server: SmtpServer, is_pipelining: bool, deliver: Deliver, alice: User, session: Session
) -> None:
    smtp_server.manners.spam_block = SpamBlock(letters_a_day=0)
    mailing = mailing_to(alice, *(f"ok{number}@example.org" for number in range(20)))
    now = database_now(session)
    for probes in (1, 2, 3):
        hold_account(session, HoldKind.BLOCKED, now, reason="5.7.1 blocked", code=554, until=now)
        assert deliver(mailing) is End.ACCOUNT_HELD
        assert smtp_server.ledger.connections == probes
    assert books_of(session, mailing) == Books(pending=20)
    assert {recipient.tries for recipient in recipients_of(mailing)} == {0}


def test_a_line_that_breaks_after_its_first_dot_says_nothing_about_the_server(
    smtp_server: SmtpServer, deliver: Deliver, alice: User, session: Session, attempts_of: AttemptsOf
) -> None:
    mailing = mailing_to(alice, "drop1@example.org", "ok1@example.org", "ok2@example.org")
    assert deliver(mailing, MAIL_CONNECTIONS=1) is End.DRY
    assert books_of(session, mailing) == Books(accepted=2, unknown=1)
    assert sorted(attempt.status.value for attempt in attempts_of(mailing)) == ["success", "success", "unknown"]
    assert session.scalars(select(Hold)).all() == []


def test_lines_that_all_break_after_their_dot_hold_the_account_before_everybody_is_unknown(
    smtp_server: SmtpServer, deliver: Deliver, alice: User, session: Session
) -> None:
    mailing = mailing_to(alice, *(f"drop{number}@example.org" for number in range(10)))
    assert deliver(mailing, MAIL_CONNECTIONS=1) is End.ACCOUNT_HELD
    assert books_of(session, mailing) == Books(unknown=BREAKS_IN_A_ROW, pending=10 - BREAKS_IN_A_ROW)
    (hold,) = holds_on_account(session, database_now(session))
    assert hold.kind is HoldKind.UNREACHABLE


@pytest.mark.parametrize("goodbye", [TOO_MANY_LETTERS, None])
def test_a_server_that_takes_few_letters_a_connection_gets_the_others_by_new_ones(
    smtp_server: SmtpServer,
    is_pipelining: bool,
    deliver: Deliver,
    alice: User,
    session: Session,
    attempts_of: AttemptsOf,
    goodbye: str | None,
) -> None:
    smtp_server.manners.letters_a_connection, smtp_server.manners.goodbye = 2, goodbye
    mailing = mailing_to(alice, *(f"ok{number}@example.org" for number in range(7)))
    assert deliver(mailing, MAIL_CONNECTIONS=1) is End.DRY
    assert books_of(session, mailing) == Books(accepted=7)
    assert [attempt.status for attempt in attempts_of(mailing)] == [AttemptStatus.SUCCESS] * 7
    assert session.scalars(select(Hold)).all() == []
    assert smtp_server.ledger.connections == 4


def test_a_server_that_allows_few_connections_is_not_pressed_for_more(
    smtp_server: SmtpServer, deliver: Deliver, alice: User, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "REOPEN_PAUSE_SECONDS", 600)
    smtp_server.manners.connections_at_once = 2
    mailing = mailing_to(alice, *(f"ok{number}@example.org" for number in range(60)))
    assert deliver(mailing, MAIL_CONNECTIONS=5) is End.DRY
    assert books_of(session, mailing) == Books(accepted=60)
    assert session.scalars(select(Hold)).all() == []
    assert smtp_server.ledger.connections == 5


def test_lines_that_break_now_and_then_hold_nothing(
    smtp_server: SmtpServer, deliver: Deliver, alice: User, session: Session
) -> None:
    pairs = [(f"drop{number}@example.org", f"ok{number}@example.org") for number in range(BREAKS_IN_A_ROW)]
    mailing = mailing_to(alice, *(email for pair in pairs for email in pair))
    assert deliver(mailing, MAIL_CONNECTIONS=1) is End.DRY
    assert books_of(session, mailing) == Books(accepted=BREAKS_IN_A_ROW, unknown=BREAKS_IN_A_ROW)


def test_a_bad_list_is_held_with_its_figures_before_it_is_all_tried(
    smtp_server: SmtpServer, deliver: Deliver, alice: User, session: Session
) -> None:
    mailing = mailing_to(alice, *(f"user-unknown{number}@example.org" for number in range(200)))
    assert deliver(mailing) is End.SHUT
    books = books_of(session, mailing)
    assert 20 <= books.failed < 100 and books.failed + books.pending == 200
    [hold] = holds_on_mailing(session, mailing.id, database_now(session))
    assert hold.kind is HoldKind.BAD_RESULTS
    assert Results.unpacked(hold.reason).recipients >= 20


def test_few_failures_are_looked_at_when_the_lane_ends(
    smtp_server: SmtpServer, deliver: Deliver, alice: User, session: Session
) -> None:
    refused = FAILURES_BETWEEN_LOOKS - 1
    taken = LEAST - refused
    emails = [f"spam{number}@example.org" for number in range(refused)]
    emails += [f"ok{number}@example.org" for number in range(taken + 1)]
    mailing = mailing_to(alice, *emails)
    # A minute's portion of these are just as many as are ever judged.
    limits = ((LEAST * 62, HOUR),)
    assert deliver(mailing, MAIL_CONNECTIONS=1, MAIL_LIMITS=limits) is End.LIMITED
    assert books_of(session, mailing) == Books(failed=refused, accepted=taken, pending=1)
    [hold] = holds_on_mailing(session, mailing.id, database_now(session))
    assert hold.kind is HoldKind.BAD_RESULTS


def test_an_unreachable_server_makes_everybody_wait(
    smtp_server: SmtpServer, deliver: Deliver, alice: User, session: Session, attempts_of: AttemptsOf
) -> None:
    smtp_server.go_away()
    mailing = mailing_to(alice, *(f"ok{number}@example.org" for number in range(5)))
    assert deliver(mailing) is End.ACCOUNT_HELD
    assert books_of(session, mailing) == Books(pending=5)
    (attempt,) = attempts_of(mailing)
    assert (attempt.status, attempt.verdict) == (AttemptStatus.DEFERRED, Verdict.TEMPORARY)
    (hold,) = holds_on_account(session, database_now(session))
    assert hold.kind is HoldKind.UNREACHABLE and hold.until is not None
    smtp_server.listen()
    hold.until = database_now(session)
    deliver(mailing)
    assert books_of(session, mailing) == Books(accepted=5)
    assert hold.lifted_at is not None


def test_the_pauses_grow_while_the_server_stays_away(
    smtp_server: SmtpServer, deliver: Deliver, alice: User, session: Session
) -> None:
    smtp_server.go_away()
    mailing = mailing_to(alice, "ok1@example.org")
    pauses = []
    for _ in range(3):
        deliver(mailing)
        (hold,) = holds_on_account(session, database_now(session))
        assert hold.until is not None
        pauses.append(hold.until - hold.placed_at)
        hold.until = database_now(session)
    assert pauses == [timedelta(seconds=5), timedelta(seconds=10), timedelta(seconds=20)]


def test_a_server_too_busy_to_greet_is_left_alone_for_a_while(
    smtp_server: SmtpServer, deliver: Deliver, alice: User, session: Session
) -> None:
    smtp_server.manners.greeting = TOO_BUSY
    mailing = mailing_to(alice, "ok1@example.org", "ok2@example.org")
    assert deliver(mailing) is End.ACCOUNT_HELD
    assert books_of(session, mailing) == Books(pending=2)
    (hold,) = holds_on_account(session, database_now(session))
    assert (hold.kind, hold.code) == (HoldKind.UNREACHABLE, 421)


def test_a_hanging_server_leaves_an_unknown_and_holds_up_nobody_else(
    smtp_server: SmtpServer, deliver: Deliver, alice: User, session: Session
) -> None:
    emails = [f"ok{number}@example.org" for number in range(20)]
    mailing = mailing_to(alice, "kept-hang1@example.org", "hang-early1@example.org", *emails)
    deliver(mailing, MAIL_TIMEOUT=1, MAIL_DOT_TIMEOUT=1)
    states = states_of(mailing)
    assert states.pop("kept-hang1@example.org") == "unknown"
    assert states.pop("hang-early1@example.org") == "pending"
    assert set(states.values()) == {"accepted"}


def test_a_doubled_job_finds_the_lane_and_returns(deliver: Deliver, alice: User, session: Session) -> None:
    mailing = mailing_to(alice, "ok1@example.org")
    now = database_now(session)
    session.add(
        Lane(
            token="0" * 32,
            mailing_id=mailing.id,
            host="another",
            boot_id="boot",
            pid=1,
            pid_began="1",
            letter_domain="mailer.example",
            started_at=now,
            heartbeat_at=now,
        )
    )
    assert deliver(mailing) is None
    assert states_of(mailing) == {"ok1@example.org": "pending"}


def test_what_is_pending_at_the_end_of_the_window_expires(
    smtp_server: SmtpServer, deliver: Deliver, alice: User, session: Session
) -> None:
    mailing = mailing_to(alice, "ok1@example.org", "ok2@example.org")
    now = database_now(session)
    mailing.start_time, mailing.end_time = now - timedelta(hours=2), now - timedelta(hours=1)
    assert deliver(mailing) is End.SHUT
    assert mailing.status is MailingStatus.COMPLETED
    assert books_of(session, mailing) == Books(expired=2)
    assert len(smtp_server.ledger) == 0


def test_an_address_that_no_envelope_can_carry_fails_alone(
    smtp_server: SmtpServer, deliver: Deliver, alice: User, session: Session
) -> None:
    mailing = mailing_to(alice, "ok1@example.org", "ok2@example.org")
    bad = recipients_of(mailing)[0]
    bad.email = "почта@пример..рф"
    deliver(mailing)
    assert sorted(states_of(mailing).values()) == ["accepted", "failed"]


def test_a_lane_that_holds_nobody_claims_without_waiting(
    smtp_server: SmtpServer, deliver: Deliver, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At its beginning and at its end there is nothing to hear, for which it would wait in vain."""
    mailing = mailing_to(alice, "ok1@example.org", "ok2@example.org")
    listen, waits = Pool.listen, []

    def noted(self: Pool, seconds: float) -> object:
        if seconds == lane.LISTEN_SECONDS:
            claims = [session.claim_delivering or session.claim_offered for session in self.sessions]
            waits.append(self.opening > 0 or any(claims))
        return listen(self, seconds)

    monkeypatch.setattr(Pool, "listen", noted)
    assert deliver(mailing) is End.DRY
    assert waits and all(waits)


def test_a_stop_gives_back_those_whose_envelope_is_taken(
    smtp_server: SmtpServer, deliver: Deliver, alice: User, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailing = mailing_to(alice, *(f"ok{number}@example.org" for number in range(5)))
    pools: list[Pool] = []

    class Noted(Pool):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            pools.append(self)

    monkeypatch.setattr(delivering, "Pool", Noted)
    monkeypatch.setattr(delivering, "stop_requested", lambda: any(line.is_ready for line in pools[0].sessions))
    assert deliver(mailing) is End.STOPPED
    assert books_of(session, mailing) == Books(pending=5)
    assert {recipient.tries for recipient in recipients_of(mailing)} == {0}
    monkeypatch.setattr(delivering, "stop_requested", lambda: False)
    assert deliver(mailing) is End.DRY
    assert len(smtp_server.ledger) == 5


def test_a_lane_that_is_to_stop_still_waits_for_a_database_that_comes_back(
    smtp_server: SmtpServer,
    deliver: Deliver,
    alice: User,
    database_kind: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mailing = started_mailing_of(alice, clients=clients_with(alice, *(f"ok{n}@example.org" for n in range(12))))
    fence = SqliteFence if database_kind == "sqlite" else PostgresqlFence
    turn, absences = fence.turn, iter(range(2))

    def turn_or_away(self: Fence, wishes: Wishes, meanwhile: Callable[[], None]) -> Turn:
        if wishes.answers and next(absences, None) is not None:
            raise DatabaseAway("gone for a moment")
        return turn(self, wishes, meanwhile)

    monkeypatch.setattr(fence, "turn", turn_or_away)
    monkeypatch.setattr(delivering, "stop_requested", lambda: bool(smtp_server.ledger))
    monkeypatch.setattr(lane, "DATABASE_PAUSE_SECONDS", 0.01)
    assert deliver(mailing) is End.STOPPED
    states = list(states_of(mailing).values())
    assert next(absences, None) is None
    assert 1 <= states.count("accepted") == len(smtp_server.ledger) <= 12
    assert states.count("pending") == 12 - states.count("accepted")


def test_a_lane_that_is_to_stop_does_not_wait_for_the_database_for_ever(
    smtp_server: SmtpServer, deliver: Deliver, alice: User, database_kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailing = started_mailing_of(alice, clients=clients_with(alice, "ok1@example.org"))
    fence = SqliteFence if database_kind == "sqlite" else PostgresqlFence
    turn = fence.turn

    def turn_or_away(self: Fence, wishes: Wishes, meanwhile: Callable[[], None]) -> Turn:
        if wishes.answers:
            raise DatabaseAway("gone for good")
        return turn(self, wishes, meanwhile)

    monkeypatch.setattr(fence, "turn", turn_or_away)
    monkeypatch.setattr(delivering, "stop_requested", lambda: bool(smtp_server.ledger))
    monkeypatch.setattr(lane, "DATABASE_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(lane, "STOP_PATIENCE_SECONDS", 0.1)
    with pytest.raises(DatabaseAway):
        deliver(mailing)
    # What became of the letter is not recorded, so nobody knows.
    assert list(states_of(mailing).values()) == ["unknown"]


def test_a_reply_without_a_code_is_no_answer(
    smtp_server: SmtpServer, is_pipelining: bool, deliver: Deliver, alice: User, session: Session
) -> None:
    mailing = mailing_to(alice, "no-code1@example.org", "no-code-dot1@example.org", "ok1@example.org")
    deliver(mailing)
    # What came before the letter costs its recipient nothing; what came after its dot leaves it unknown.
    assert states_of(mailing) == {
        "no-code1@example.org": "accepted",
        "no-code-dot1@example.org": "unknown",
        "ok1@example.org": "accepted",
    }
    (unknown,) = session.scalars(select(Attempt).where(Attempt.status == AttemptStatus.UNKNOWN))
    assert unknown.code is None and "not an SMTP reply" in unknown.reply and "Thanks!" in unknown.reply
