"""Single letters, of the system and as a test: they pass the account as mailings do, and count towards its limits."""

import enum
import logging
import smtplib
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from mailer.delivery.account import MailAccount, connect
from mailer.delivery.compose import Composer
from mailer.delivery.delivering import place_hold
from mailer.delivery.lane import AccountTrouble
from mailer.delivery.ledger import reserve_for_system
from mailer.delivery.outcomes import ENVELOPE_STAGES, Outcome, Stage, classify, reply_text
from mailer.delivery.pool import connection_failed
from mailer.domain.clock import database_now
from mailer.domain.limits import Limits
from mailer.domain.probation import Passage, end_probation, leave_probe, pass_account
from mailer.models.transactions import begin_writing

logger = logging.getLogger(__name__)

# A probe that has said nothing after so many timeouts is dead, and the next sender tries.
PROBE_TIMEOUTS = 3

TEST_TIMEOUT_SECONDS = 10


class Sending(enum.Enum):
    """What became of a single letter."""

    SENT = "sent"
    REFUSED = "refused"
    HELD = "the account is held"
    LIMITED = "the account's limits leave no room"


@dataclass(frozen=True)
class SingleLetter:
    """What became of it, with the server's code and words where it said something."""

    sending: Sending
    code: int | None = None
    words: str = ""


def send_singly(engine: Engine, config: dict[str, Any], send: Callable[[], SingleLetter]) -> SingleLetter:
    """Send one letter if the account is not held and its limits leave room; after a hold it is the probe.

    `send` raises smtplib.SMTPException or OSError where the server does not take the letter. What the server holds
    against the account stops the account, as in a mailing.
    """
    token = uuid.uuid4().hex
    with Session(engine) as session:
        begin_writing(session)
        now = database_now(session)
        probe_until = now + timedelta(seconds=PROBE_TIMEOUTS * config["MAIL_TIMEOUT"])
        passage = pass_account(session, token, now, probe_until=probe_until)
        if passage is Passage.HELD:
            return SingleLetter(Sending.HELD)
        limits = Limits.of(config)
        if limits is not None and not reserve_for_system(session, limits, now).letters:
            return SingleLetter(Sending.LIMITED)
        session.commit()
    try:
        sent, outcome = send(), None
    except (smtplib.SMTPException, OSError) as error:
        outcome, sent = refusal_in(error)
    if outcome is not None and outcome.account_hold is not None:
        place_hold(engine, AccountTrouble(outcome, sent.code, sent.words))
    elif passage is Passage.PROBE:
        with Session(engine) as session:
            begin_writing(session)
            end_probation(session, token, database_now(session), is_accepted=outcome is None)
            leave_probe(session, token)
            session.commit()
    return sent


def send_test(engine: Engine, config: dict[str, Any], composer: Composer, full_name: str, email: str) -> SingleLetter:
    """Send one letter as a mailing would make it, and tell the server's answer."""

    account = MailAccount.of(config)

    def send() -> SingleLetter:
        # Somebody waits for the answer in front of a page.
        client = connect(replace(account, timeout=min(account.timeout, TEST_TIMEOUT_SECONDS)))
        try:
            for stage, command in zip(ENVELOPE_STAGES, composer.envelope(email), strict=True):
                code, words = client.docmd(command.decode("ascii").rstrip())
                if code >= 400:
                    raise _Refused(stage, code, words)
            with Session(engine) as session:
                now = database_now(session)
            letter_id = composer.letter_id(0, 1, uuid.uuid4().hex)
            client.send(composer.letter(0, full_name, email, letter_id, now))
            code, words = client.getreply()
            if code >= 400:
                raise _Refused(Stage.DOT, code, words)
            return SingleLetter(Sending.SENT, code, reply_text(words))
        finally:
            client.close()

    return send_singly(engine, config, send)


class _Refused(smtplib.SMTPResponseException):
    def __init__(self, stage: Stage, code: int, words: bytes) -> None:
        super().__init__(code, words)
        self.stage = stage


def refusal_in(error: Exception) -> tuple[Outcome, SingleLetter]:
    """What an error of smtplib makes of the account, and the answer in it."""
    stage, code, words = Stage.DOT, None, b""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        stage = Stage.RCPT
        code, words = next(iter(error.recipients.values()))
    elif isinstance(error, smtplib.SMTPSenderRefused):
        stage, code, words = Stage.MAIL, error.smtp_code, _raw(error.smtp_error)
    elif isinstance(error, _Refused):
        stage, code, words = error.stage, error.smtp_code, _raw(error.smtp_error)
    elif isinstance(error, smtplib.SMTPDataError):
        code, words = error.smtp_code, _raw(error.smtp_error)
    if code is None:
        failed = connection_failed(error)
        return failed.outcome, SingleLetter(Sending.REFUSED, failed.code, failed.words)
    text = reply_text(words)
    return classify(stage, code, text), SingleLetter(Sending.REFUSED, code, text)


def _raw(words: bytes | str) -> bytes:
    return words if isinstance(words, bytes) else words.encode()
