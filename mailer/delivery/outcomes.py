"""What a mail server's reply means, whose side it is on, and what becomes of the recipient."""

import enum
from dataclasses import dataclass, replace
from datetime import timedelta

from mailer.delivery.causes import Cause
from mailer.delivery.known_replies import cause_of
from mailer.delivery.named_times import named_seconds
from mailer.models.lanes import HoldKind
from mailer.models.mailings import AttemptStatus, RecipientState, Verdict

# Kept of a reply: more is noise, and a hostile server must not fill the database.
REPLY_CHARACTERS = 2_000


class Stage(enum.Enum):
    """Where in the session a reply came (RFC 5321, 3.3)."""

    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    RSET = "RSET"
    DOT = "the final dot"


# Of the commands that make an envelope, in their order.
ENVELOPE_STAGES = (Stage.MAIL, Stage.RCPT, Stage.DATA)


@dataclass(frozen=True)
class Outcome:
    """What a reply makes of one recipient, and of the account where the fault is the account's.

    A hold of the account ends by itself after `hold_for`, with one probe; where that is empty, a person ends it.
    A recipient who is tried again has to wait for `retry_seconds` where the reply named a time.
    `suppresses`: nobody will ever read letters to this address, so the owner shall not write there again.
    """

    status: AttemptStatus
    verdict: Verdict
    state: RecipientState
    account_hold: HoldKind | None = None
    hold_for: timedelta | None = None
    retry_seconds: float | None = None
    suppresses: bool = False


def _refusal_of_the_account(kind: HoldKind, hold_for: timedelta | None = None) -> Outcome:
    """The account's fault burns nobody: the attempt is put off, and the recipient pending again."""
    return Outcome(AttemptStatus.DEFERRED, Verdict.ACCOUNT, RecipientState.PENDING, kind, hold_for)


ACCEPTED = Outcome(AttemptStatus.SUCCESS, Verdict.ACCEPTED, RecipientState.ACCEPTED)
REFUSED_RECIPIENT = Outcome(AttemptStatus.FAILED, Verdict.RECIPIENT, RecipientState.FAILED)
REFUSED_CONTENT = Outcome(AttemptStatus.FAILED, Verdict.CONTENT, RecipientState.FAILED)
TEMPORARY = Outcome(AttemptStatus.DEFERRED, Verdict.TEMPORARY, RecipientState.PENDING)
UNKNOWN = Outcome(AttemptStatus.UNKNOWN, Verdict.UNKNOWN, RecipientState.UNKNOWN)
UNREACHABLE = Outcome(AttemptStatus.DEFERRED, Verdict.TEMPORARY, RecipientState.PENDING, HoldKind.UNREACHABLE)
LOGIN_REFUSED = _refusal_of_the_account(HoldKind.LOGIN_REFUSED)
SENDER_REFUSED = _refusal_of_the_account(HoldKind.SENDER_REFUSED)
CERTIFICATE_WRONG = _refusal_of_the_account(HoldKind.CERTIFICATE)
BLOCKED = _refusal_of_the_account(HoldKind.BLOCKED)
# The address is one that nobody will ever read; any other refusal may be about something else.
GONE_RECIPIENT = replace(REFUSED_RECIPIENT, suppresses=True)
# Nobody but the recipient can make room, and may do so tomorrow.
FULL_MAILBOX = replace(TEMPORARY, verdict=Verdict.RECIPIENT)

A_DAY = timedelta(hours=24)
# More than the day that a block or a quota lasts: clocks differ, and a try that comes too early prolongs it.
A_DAY_AND_A_LITTLE = A_DAY + timedelta(minutes=10)

OUTCOMES = {
    Cause.NO_SUCH_MAILBOX: GONE_RECIPIENT,
    Cause.NO_SUCH_DOMAIN: GONE_RECIPIENT,
    Cause.BAD_ADDRESS: GONE_RECIPIENT,
    Cause.MAILBOX_DISABLED: GONE_RECIPIENT,
    Cause.MAILBOX_MOVED: GONE_RECIPIENT,
    Cause.MAILBOX_FULL: FULL_MAILBOX,
    Cause.RECIPIENT_REFUSES: REFUSED_RECIPIENT,
    Cause.LOOKS_LIKE_SPAM: REFUSED_CONTENT,
    Cause.BAD_LINK: REFUSED_CONTENT,
    Cause.DANGEROUS: REFUSED_CONTENT,
    Cause.TOO_LARGE: REFUSED_CONTENT,
    Cause.MALFORMED: REFUSED_CONTENT,
    Cause.LOGIN_REFUSED: LOGIN_REFUSED,
    Cause.LOGIN_NEEDED: LOGIN_REFUSED,
    Cause.ENCRYPTION_NEEDED: LOGIN_REFUSED,
    Cause.SENDER_REFUSED: SENDER_REFUSED,
    Cause.RELAY_REFUSED: SENDER_REFUSED,
    Cause.DOMAIN_UNPROVEN: SENDER_REFUSED,
    Cause.ACCOUNT_CLOSED: BLOCKED,
    Cause.ADDRESS_LISTED: BLOCKED,
    Cause.SPAM_BLOCK: replace(BLOCKED, hold_for=A_DAY_AND_A_LITTLE),
    Cause.QUOTA_OF_A_DAY: _refusal_of_the_account(HoldKind.QUOTA, A_DAY_AND_A_LITTLE),
    Cause.QUOTA_OF_AN_HOUR: _refusal_of_the_account(HoldKind.QUOTA, timedelta(hours=1)),
    Cause.TOO_MANY_LOGINS: _refusal_of_the_account(HoldKind.QUOTA, timedelta(minutes=30)),
    Cause.GREYLISTED: TEMPORARY,
    Cause.TOO_FAST: TEMPORARY,
    Cause.TOO_MANY_CONNECTIONS: TEMPORARY,
    Cause.MAILBOX_BUSY: TEMPORARY,
    Cause.SERVER_BUSY: TEMPORARY,
    Cause.SERVER_FULL: TEMPORARY,
    Cause.NOT_NOW: TEMPORARY,
}


def classify(stage: Stage, code: int, words: str = "") -> Outcome:
    """The outcome of a reply: by its code and words where the table knows them, else by its class.

    The class of a code (RFC 5321, 4.2.1) is judged together with what it answers. A code that means nothing at its
    place is no proof of anything, and tried again.
    """
    if stage is Stage.DOT and 200 <= code < 300:
        return ACCEPTED
    cause = cause_of(code, words) if 400 <= code < 600 and stage is not Stage.RSET else None
    outcome = _outcome_of_class(stage, code) if cause is None else OUTCOMES[cause]
    if stage is Stage.MAIL and outcome.suppresses:
        # Before any recipient was named, the unknown user is the sender.
        outcome = SENDER_REFUSED
    seconds = named_seconds(words) if outcome.state is RecipientState.PENDING else None
    if seconds is None:
        return outcome
    if outcome.account_hold is None:
        return replace(outcome, retry_seconds=seconds)
    # Where only a person can help, a time that the server names changes nothing.
    return outcome if outcome.hold_for is None else replace(outcome, hold_for=timedelta(seconds=seconds))


def refusal_before_letters(code: int, words: str) -> Outcome | None:
    """What a known reply to the greeting or the login makes of the account; None where the table has none for it."""
    cause = cause_of(code, words)
    outcome = OUTCOMES[cause] if cause is not None else None
    return outcome if outcome is not None and outcome.account_hold is not None else None


def _outcome_of_class(stage: Stage, code: int) -> Outcome:
    if 500 <= code < 600 and stage is not Stage.RSET:
        if stage is Stage.MAIL:
            return SENDER_REFUSED
        if stage is Stage.RCPT:
            return REFUSED_RECIPIENT
        return REFUSED_CONTENT
    return TEMPORARY


def given_up(outcome: Outcome) -> Outcome:
    """The same answer when it was the last of too many tries: the recipient has failed."""
    return replace(outcome, status=AttemptStatus.FAILED, state=RecipientState.FAILED, retry_seconds=None)


def reply_text(raw: bytes) -> str:
    """A reply as it is kept: UTF-8 where it is that, else Latin-1; no NUL, and not without end."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    text = text.replace("\0", "\N{REPLACEMENT CHARACTER}").strip()
    return text if len(text) <= REPLY_CHARACTERS else text[:REPLY_CHARACTERS] + "…"
