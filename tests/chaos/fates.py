"""What the chaotic mail server can do to a letter."""

import enum
from dataclasses import dataclass


class Stage(enum.Enum):
    """Where a letter meets its fate."""

    RCPT = "in place of the answer to RCPT"
    DATA = "in place of the answer to DATA"
    LETTER = "within the letter"
    DOT = "at the final dot"


@dataclass(frozen=True)
class Fate:
    """A reply without its line end is one that breaks off; a server that hangs says nothing more, ever."""

    stage: Stage = Stage.DOT
    reply: bytes = b""
    keeps: bool = False
    hangs: bool = False
    parts: bool = False
    is_slow: bool = False


OK = b"250 2.0.0 Ok: queued\r\n"
LATER = b"421 4.3.2 Closing, come back later\r\n"
HALF = b"250 2.0.0 O"

FATES = {
    "accept": Fate(reply=OK, keeps=True),
    "slow": Fate(reply=OK, keeps=True, is_slow=True),
    "busy-mailbox": Fate(Stage.RCPT, b"451 4.7.1 Greylisted\r\n"),
    "no-mailbox": Fate(Stage.RCPT, b"550 5.1.1 User unknown\r\n"),
    "hang-early": Fate(Stage.RCPT, hangs=True),
    "half-early": Fate(Stage.RCPT, HALF, parts=True),
    "close-early": Fate(Stage.RCPT, LATER, parts=True),
    "drop-early": Fate(Stage.DATA, parts=True),
    "cut": Fate(Stage.LETTER),
    "defer": Fate(reply=b"451 4.3.0 Try again later\r\n"),
    "refuse": Fate(reply=b"554 5.6.0 Not this letter\r\n"),
    "close": Fate(reply=LATER, parts=True),
    "drop": Fate(parts=True),
    "drop-kept": Fate(parts=True, keeps=True),
    "half": Fate(reply=HALF, parts=True),
    "half-kept": Fate(reply=HALF, parts=True, keeps=True),
    "hang": Fate(hangs=True),
    "hang-kept": Fate(hangs=True, keeps=True),
}
