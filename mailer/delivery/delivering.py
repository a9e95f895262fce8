"""One lane from its row to its end: everything that a lane needs, put together."""

import contextlib
import logging
import math
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import Engine, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, joinedload

from mailer.delivery.account import MailAccount
from mailer.delivery.claims import open_fence
from mailer.delivery.compose import Composer
from mailer.delivery.counting import CountingFence, LaneCounts
from mailer.delivery.lane import AccountTrouble, End, Lane
from mailer.delivery.lease import Watch, lane_of
from mailer.delivery.pool import Pool
from mailer.delivery.stopping import stop_requested
from mailer.domain.addresses import envelope_address
from mailer.domain.breaker import break_circuit
from mailer.domain.clock import database_now
from mailer.domain.holds import hold_account, hold_unreachable
from mailer.domain.limits import Limits
from mailer.domain.probation import Passage, end_probation, may_connect, pass_account
from mailer.domain.progress import complete_if_settled, expire_pending, remember_claims
from mailer.domain.unsubscribe_links import ensure_unsubscribe_key, unsubscribe_links
from mailer.models.lanes import HoldKind
from mailer.models.mailings import Mailing, MailingStatus
from mailer.models.transactions import begin_writing

logger = logging.getLogger(__name__)


def deliver_mailing(
    engine: Engine,
    config: dict[str, Any],
    mailing_id: int,
    *,
    worker_count: int,
    wanted_elsewhere: Callable[[], bool],
    tell: Callable[[LaneCounts], None] = lambda counts: None,
) -> End | None:
    """Run one lane of a started mailing; how it ended, or None when the mailing needs no lane more.

    `tell` hears now and then what the lane has recorded so far, from a thread of its own, and once more at its end.
    """
    letter_domain = envelope_address(config["MAIL_DEFAULT_SENDER"][1]).rpartition("@")[2]
    # Under limits one lane sends as fast as they allow; more would only take the portions from each other.
    lanes_from = 1 if config["MAIL_LIMITS"] else worker_count
    with lane_of(engine, mailing_id, lanes_from, letter_domain) as token:
        if token is None:
            return None
        limits = Limits.of(config)
        passage = _pass_account(engine, token)
        if passage is Passage.HELD:
            return End.ACCOUNT_HELD
        composer, owner_id = _composer(engine, config, mailing_id)
        counts = LaneCounts()
        fence = CountingFence(open_fence(engine, mailing_id, owner_id, token, limits), counts)
        watch = Watch(engine, token, wanted_elsewhere, partial(tell, counts))
        watch.start()
        try:
            lane = Lane(
                fence=fence,
                pool=Pool(
                    MailAccount.of(config),
                    _connections(config, limits),
                    partial(_may_connect, engine, token),
                    counts.answer_times.observe,
                ),
                composer=composer,
                token=token,
                watch=watch,
                retry_delay=config["RETRY_DELAY"],
                stop_requested=stop_requested,
                hold_account=partial(place_hold, engine),
                probe_answered=partial(_probe_answered, engine, token),
                mind_results=partial(_mind_results, engine, mailing_id),
                is_probe=passage is Passage.PROBE,
            )
            end = lane.run()
        finally:
            watch.end()
    tell(counts)
    if end is End.LIMITED:
        _sleep_until_room(engine, mailing_id, lane.wakes_in)
    settle(engine, mailing_id)
    logger.info("A lane of mailing %s ended: %s", mailing_id, end.value)
    return end


def settle(engine: Engine, mailing_id: int) -> bool:
    """Expire what is pending after the window, and complete a mailing of which nothing is left; True if it did."""
    with Session(engine) as session:
        begin_writing(session)
        mailing = session.get(Mailing, mailing_id)
        if mailing is None or mailing.status is not MailingStatus.STARTED:
            return False
        now = database_now(session)
        if mailing.end_time <= now:
            expire_pending(session, mailing_id, now)
        remember_claims(session, mailing)
        is_completed = complete_if_settled(session, mailing_id)
        session.commit()
        return is_completed


def _composer(engine: Engine, config: dict[str, Any], mailing_id: int) -> tuple[Composer, int]:
    with Session(engine) as session:
        begin_writing(session)
        ensure_unsubscribe_key(session, database_now(session))
        session.commit()
        mailing = session.get_one(Mailing, mailing_id, options=[joinedload(Mailing.owner)])
        composer = Composer(
            subject=mailing.subject or "",
            body=mailing.body or "",
            sender=config["MAIL_DEFAULT_SENDER"],
            reply_to=(mailing.owner.full_name, mailing.owner.email),
            mailing_id=mailing_id,
            owner_id=mailing.owner_id,
            base_url=config["BASE_URL"],
            links=unsubscribe_links(session),
        )
        return composer, mailing.owner_id


@contextlib.contextmanager
def _whenever_possible(what: str) -> Iterator[None]:
    """Without a database this is left to the next lane, which will learn the same: answers must not be lost for it."""
    try:
        yield
    except DBAPIError as error:
        logger.warning("The database does not answer, so nobody could %s: %s", what, error)


def _connections(config: dict[str, Any], limits: Limits | None) -> int:
    """No more than the limits can keep busy: at a letter a second one connection is enough."""
    most: int = config["MAIL_CONNECTIONS"]
    return most if limits is None else min(most, math.ceil(limits.letters_a_second))


def _pass_account(engine: Engine, token: str) -> Passage:
    with Session(engine) as session:
        begin_writing(session)
        passage = pass_account(session, token, database_now(session))
        session.commit()
        return passage


def _may_connect(engine: Engine, token: str) -> bool:
    try:
        with Session(engine) as session:
            return may_connect(session, token, database_now(session))
    except DBAPIError:
        # Without the database nothing could begin anyway.
        return False


def _probe_answered(engine: Engine, token: str, is_accepted: bool) -> bool:
    with _whenever_possible("lift the account's hold"), Session(engine) as session:
        begin_writing(session)
        is_free = end_probation(session, token, database_now(session), is_accepted=is_accepted)
        session.commit()
        return is_free
    return False


def _mind_results(engine: Engine, mailing_id: int) -> None:
    with _whenever_possible("look at the results"), Session(engine) as session:
        begin_writing(session)
        if break_circuit(session, mailing_id, database_now(session)):
            logger.error("Mailing %s is held: too many of its letters fail.", mailing_id)
        session.commit()


def _sleep_until_room(engine: Engine, mailing_id: int, seconds: float) -> None:
    with _whenever_possible("say when the mailing wakes"), Session(engine) as session:
        begin_writing(session)
        wakes_at = database_now(session) + timedelta(seconds=seconds)
        session.execute(update(Mailing).where(Mailing.id == mailing_id).values(wakes_at=wakes_at))
        session.commit()


def place_hold(engine: Engine, trouble: AccountTrouble) -> None:
    """Hold the account for what a sender has met, at once and for everybody."""
    kind = trouble.outcome.account_hold
    assert kind is not None
    logger.error("The mail account is held (%s): %s %s", kind.value, trouble.code or "", trouble.words)
    with _whenever_possible("hold the account"), Session(engine) as session:
        begin_writing(session)
        now = database_now(session)
        if kind is HoldKind.UNREACHABLE:
            hold_unreachable(session, now, reason=trouble.words, code=trouble.code)
        else:
            until = now + trouble.outcome.hold_for if trouble.outcome.hold_for else None
            hold_account(session, kind, now, reason=trouble.words, code=trouble.code, until=until)
        session.commit()
