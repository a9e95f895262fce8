"""One lane from its row to its end: everything that a lane needs, put together."""

import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, joinedload

from mailer.delivery.account import MailAccount
from mailer.delivery.claims import open_fence
from mailer.delivery.compose import Composer
from mailer.delivery.counting import CountingFence
from mailer.delivery.lane import AccountTrouble, End, Lane
from mailer.delivery.lease import Watch, lane_of
from mailer.delivery.pool import Pool
from mailer.delivery.stopping import stop_requested
from mailer.domain.addresses import envelope_address
from mailer.domain.clock import database_now
from mailer.domain.holds import hold_account, hold_unreachable, lift_hold
from mailer.domain.progress import complete_if_settled, expire_pending, remember_claims
from mailer.domain.unsubscribe_links import ensure_unsubscribe_key, unsubscribe_links
from mailer.models.lanes import HoldKind
from mailer.models.mailings import Mailing, MailingStatus, RecipientState
from mailer.models.transactions import begin_writing

logger = logging.getLogger(__name__)


def deliver_mailing(
    engine: Engine,
    config: dict[str, Any],
    mailing_id: int,
    *,
    worker_count: int,
    wanted_elsewhere: Callable[[], bool],
    tell: Callable[[Counter[RecipientState]], None] = lambda counts: None,
) -> End | None:
    """Run one lane of a started mailing; how it ended, or None when the mailing needs no lane more.

    `tell` hears now and then how many answers of which kind the lane has recorded, from a thread of its own.
    """
    letter_domain = envelope_address(config["MAIL_DEFAULT_SENDER"][1]).rpartition("@")[2]
    with lane_of(engine, mailing_id, worker_count, letter_domain) as token:
        if token is None:
            return None
        composer, owner_id = _composer(engine, config, mailing_id)
        fence = CountingFence(open_fence(engine, mailing_id, owner_id, token))
        watch = Watch(engine, token, wanted_elsewhere, lambda: tell(fence.counts))
        watch.start()
        try:
            end = Lane(
                fence=fence,
                pool=Pool(MailAccount.of(config), config["MAIL_CONNECTIONS"]),
                composer=composer,
                token=token,
                watch=watch,
                retry_delay=config["RETRY_DELAY"],
                stop_requested=stop_requested,
                hold_account=lambda trouble: _hold_account(engine, trouble),
                account_works=lambda: _account_works(engine),
            ).run()
        finally:
            watch.end()
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
        is_completed = complete_if_settled(session, mailing_id, now)
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


def _hold_account(engine: Engine, trouble: AccountTrouble) -> None:
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


def _account_works(engine: Engine) -> None:
    with _whenever_possible("lift the account's hold"), Session(engine) as session:
        begin_writing(session)
        lift_hold(session, None, HoldKind.UNREACHABLE, database_now(session))
        session.commit()
