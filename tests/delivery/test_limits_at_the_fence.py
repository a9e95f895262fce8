"""The limits of the account where letters begin: over lanes, databases and restarts; and what a lane makes of them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import Engine, insert, select
from sqlalchemy.orm import Session

from mailer.delivery.claiming import Claiming
from mailer.delivery.claims import Turn, Wishes, open_fence
from mailer.delivery.lane import End
from mailer.delivery.lease import lane_of
from mailer.delivery.ledger import ledger_of, reserve_for_system
from mailer.domain.clock import database_now
from mailer.domain.limits import DAY, MINUTE, Limits
from mailer.models.limits import LetterSlot
from mailer.models.mailings import Mailing, Recipient, RecipientState
from mailer.models.users import User
from tests.delivery.conftest import Deliver, write_anew
from tests.support.factories import clients_with, recipients_of, started_mailing_of, states_of
from tests.support.redis_server import RedisServer
from tests.support.smtp_server import SmtpServer

LIMITS = Limits(((60, MINUTE),))


@pytest.fixture
def mailing(alice: User, session: Session) -> Mailing:
    mailing = started_mailing_of(alice, clients=clients_with(alice, *(f"ok{n}@example.org" for n in range(80))))
    session.commit()
    return mailing


@pytest.fixture
def tokens(engine: Engine, mailing: Mailing) -> Iterator[list[str]]:
    lanes = [lane_of(engine, mailing.id, 4, "mailer.example") for _ in range(4)]
    tokens = [lane.__enter__() for lane in lanes]
    yield [token for token in tokens if token is not None]
    for lane in lanes:
        lane.__exit__(None, None, None)


def letters_on_the_ledger(session: Session, slot_seconds: int) -> int:
    session.rollback()
    rows = session.scalars(select(LetterSlot.letters).where(LetterSlot.slot_seconds == slot_seconds))
    return sum(rows)


def test_four_lanes_at_once_never_exceed_the_limit_and_every_begun_letter_is_on_the_ledger(
    engine: Engine, session: Session, mailing: Mailing, tokens: list[str]
) -> None:
    mailing_id, owner_id = mailing.id, mailing.owner_id

    def run(token: str) -> int:
        fence, begun = open_fence(engine, mailing_id, owner_id, token, LIMITS), 0
        for _ in range(8):
            claims = fence.turn(Wishes(claim_count=5)).claims
            begun += len(fence.turn(Wishes(begin=[claim.recipient_id for claim in claims])).begun)
        fence.close()
        return begun

    with ThreadPoolExecutor(4) as threads:
        begun = sum(threads.map(run, tokens))
    session.rollback()
    moments = [recipient.changed_at for recipient in recipients_of(mailing, RecipientState.BEGUN)]
    assert len(moments) == begun > 0
    assert letters_on_the_ledger(session, 1) == letters_on_the_ledger(session, 60) == begun
    for seconds, most in ((60, 57), (10, 10)):
        spans = [[m for m in moments if end - timedelta(seconds=seconds) < m <= end] for end in moments]
        assert max(map(len, spans)) <= most


def test_the_ledger_outlives_the_processes_that_wrote_it(
    app: Flask, engine: Engine, session: Session, mailing: Mailing, tokens: list[str]
) -> None:
    write_anew(session)
    ledger_of(session).put(57, database_now(session).timestamp())
    session.commit()
    engine.dispose()
    fence = open_fence(engine, mailing.id, mailing.owner_id, tokens[0], LIMITS)
    turn = fence.turn(Wishes(claim_count=5))
    assert (turn.room, turn.left, list(turn.claims)) == (0, 0, [])
    assert turn.more_in is not None and 0 < turn.more_in <= 62
    fence.close()


def test_a_letter_without_room_goes_back_untouched(
    engine: Engine, session: Session, mailing: Mailing, tokens: list[str]
) -> None:
    one, other = (open_fence(engine, mailing.id, mailing.owner_id, token, LIMITS) for token in tokens[:2])
    mine, theirs = one.turn(Wishes(claim_count=10)).claims, other.turn(Wishes(claim_count=10)).claims
    assert len(one.turn(Wishes(begin=[claim.recipient_id for claim in mine])).begun) == 10
    refused = [claim.recipient_id for claim in theirs]
    assert other.turn(Wishes(begin=refused)).begun == frozenset()
    session.rollback()
    back = session.scalars(select(Recipient).where(Recipient.id.in_(refused))).all()
    assert {(recipient.state, recipient.tries) for recipient in back} == {(RecipientState.PENDING, 0)}
    one.close()
    other.close()


def test_a_repeated_turn_reserves_nothing_twice(
    engine: Engine, session: Session, mailing: Mailing, tokens: list[str]
) -> None:
    fence = open_fence(engine, mailing.id, mailing.owner_id, tokens[0], Limits(((2, DAY),)))
    [claim] = fence.turn(Wishes(claim_count=5)).claims
    for held in (None, [claim.recipient_id]):
        assert fence.turn(Wishes(begin=[claim.recipient_id], held=held)).begun == {claim.recipient_id}
    assert letters_on_the_ledger(session, 60) == 1
    fence.close()


def test_what_a_fast_clock_wrote_into_the_future_counts_from_now(session: Session) -> None:
    write_anew(session)
    now = database_now(session)
    ahead = int(now.timestamp()) // 60 * 60 + 86400
    for slot_seconds in (1, 60):
        session.execute(insert(LetterSlot).values(slot_seconds=slot_seconds, began_at=ahead, letters=60))
    assert reserve_for_system(session, LIMITS, now).letters == 0
    assert reserve_for_system(session, LIMITS, now + timedelta(seconds=62)).letters > 0


def test_a_lane_with_nothing_left_gives_its_worker_up_and_the_mailing_has_a_time_to_wake(
    smtp_server: SmtpServer, deliver: Deliver, session: Session, mailing: Mailing
) -> None:
    assert deliver(mailing, MAIL_LIMITS=((2, DAY),)) is End.LIMITED
    assert len(smtp_server.ledger) == 1
    assert list(states_of(mailing).values()).count("pending") == 79
    assert mailing.wakes_at is not None
    assert timedelta(hours=23) < mailing.wakes_at - database_now(session) <= timedelta(days=1, minutes=2)
    connections = smtp_server.ledger.connections
    assert deliver(mailing, MAIL_LIMITS=((2, DAY),)) is End.LIMITED
    assert smtp_server.ledger.connections == connections == 1


def test_within_its_limits_a_lane_sends_as_ever(
    smtp_server: SmtpServer, deliver: Deliver, session: Session, mailing: Mailing
) -> None:
    assert deliver(mailing, MAIL_LIMITS=((100_000, MINUTE), (1_000_000, DAY))) is End.DRY
    assert set(states_of(mailing).values()) == {"accepted"}
    assert letters_on_the_ledger(session, 1) == len(smtp_server.ledger) == 80


def test_the_limits_do_not_ask_redis(
    smtp_server: SmtpServer, deliver: Deliver, redis_server: RedisServer, mailing: Mailing
) -> None:
    limits = ((2, DAY),)
    redis_server.kill()
    assert deliver(mailing, MAIL_LIMITS=limits) is End.LIMITED
    assert len(smtp_server.ledger) == 1
    redis_server.start()
    assert deliver(mailing, MAIL_LIMITS=limits) is End.LIMITED
    assert len(smtp_server.ledger) == 1


@pytest.mark.one_database("no database is asked")
def test_a_lane_for_which_the_limits_leave_no_room_does_not_ask_again_at_once() -> None:
    claiming = Claiming()
    now = datetime.now(UTC)
    settled = Turn(is_lane_alive=True, is_open=True, begun=frozenset(), claims=[], now=now, room=0, left=1)
    assert claiming.is_worth_a_turn
    claiming.learn(3, settled)
    assert claiming.wanted(3, 0) > 0 and not claiming.is_worth_a_turn
