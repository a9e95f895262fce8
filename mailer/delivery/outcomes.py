"""What a mail server's reply means, whose side it is on, and what becomes of the recipient."""

import enum
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Outcome:
    """What a reply makes of one recipient, and of the account where the fault is the account's."""

    status: AttemptStatus
    verdict: Verdict
    state: RecipientState
    account_hold: HoldKind | None = None


ACCEPTED = Outcome(AttemptStatus.SUCCESS, Verdict.ACCEPTED, RecipientState.ACCEPTED)
REFUSED_RECIPIENT = Outcome(AttemptStatus.FAILED, Verdict.RECIPIENT, RecipientState.FAILED)
REFUSED_CONTENT = Outcome(AttemptStatus.FAILED, Verdict.CONTENT, RecipientState.FAILED)
TEMPORARY = Outcome(AttemptStatus.DEFERRED, Verdict.TEMPORARY, RecipientState.PENDING)
UNKNOWN = Outcome(AttemptStatus.UNKNOWN, Verdict.UNKNOWN, RecipientState.UNKNOWN)
UNREACHABLE = Outcome(AttemptStatus.DEFERRED, Verdict.TEMPORARY, RecipientState.PENDING, HoldKind.UNREACHABLE)
LOGIN_REFUSED = Outcome(AttemptStatus.DEFERRED, Verdict.ACCOUNT, RecipientState.PENDING, HoldKind.LOGIN_REFUSED)
SENDER_REFUSED = Outcome(AttemptStatus.DEFERRED, Verdict.ACCOUNT, RecipientState.PENDING, HoldKind.SENDER_REFUSED)

# Replies that ask for a login, or refuse one, wherever they come (RFC 4954, 6).
LOGIN_CODES = frozenset({530, 534, 535, 538})


def classify(stage: Stage, code: int) -> Outcome:
    """The outcome of a reply code by its class (RFC 5321, 4.2.1) and by what it answers."""
    if stage is Stage.DOT and 200 <= code < 300:
        return ACCEPTED
    if code in LOGIN_CODES:
        return LOGIN_REFUSED
    if 500 <= code < 600 and stage is not Stage.RSET:
        if stage is Stage.MAIL:
            return SENDER_REFUSED
        return REFUSED_RECIPIENT if stage is Stage.RCPT else REFUSED_CONTENT
    return TEMPORARY


def reply_text(raw: bytes) -> str:
    """A reply as it is kept: UTF-8 where it is that, else Latin-1; no NUL, and not without end."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    text = text.replace("\0", "\N{REPLACEMENT CHARACTER}").strip()
    return text if len(text) <= REPLY_CHARACTERS else text[:REPLY_CHARACTERS] + "…"
