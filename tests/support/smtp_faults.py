"""How the tests' SMTP server misbehaves: towards one address, by its local part, or towards everybody."""

import enum
import re
import time
from collections import Counter
from dataclasses import dataclass


class AfterDot(enum.StrEnum):
    """What the server does when a letter has come in whole."""

    ANSWER = "answer"
    CLOSE = "close"
    HANG = "hang"


class Cut(enum.StrEnum):
    """Where the server closes the connection too early.

    A client knows that its letter was cut only if it is too big for the buffers on the way: a small one is
    written whole, with its final dot, before the client can notice.
    """

    BEFORE_LETTER = "in place of the answer to DATA"
    WITHIN_LETTER = "after the first line of the letter"


@dataclass(frozen=True)
class Behaviour:
    """What becomes of a letter to one address. `times` is how often an address gets it; then it is accepted."""

    rcpt_reply: str | None = None
    hangs_at_rcpt: bool = False
    cut: Cut | None = None
    dot_reply: str | None = None
    is_kept: bool = True
    after_dot: AfterDot = AfterDot.ANSWER
    dot_delay: float = 0.0
    times: int | None = None


ACCEPTING = Behaviour()

SPAM_BLOCK_WORDS = "Message rejected under suspicion of SPAM"

# The local part of an address names the behaviour, a number may follow: grey@, grey7@, kept-drop-12@.
BEHAVIOURS = {
    "ok": ACCEPTING,
    "grey": Behaviour(rcpt_reply="451 4.7.1 Greylisted, please try again", times=1),
    "grey-named": Behaviour(rcpt_reply="451 4.7.1 Greylisted, please try again in 20 minutes", times=1),
    "grey-dot": Behaviour(dot_reply="451 4.3.0 Try again later", is_kept=False, times=1),
    "no-code": Behaviour(rcpt_reply="Who is that?", times=1),
    "no-code-dot": Behaviour(dot_reply="Thanks!"),
    "busy": Behaviour(rcpt_reply="450 4.2.1 The mailbox is busy"),
    "full": Behaviour(rcpt_reply="552 5.2.2 Mailbox full"),
    "user-unknown": Behaviour(rcpt_reply="550 5.1.1 User unknown"),
    "spam": Behaviour(dot_reply="554 5.7.0 Reject, id=01234-05 - SPAM", is_kept=False),
    "spam-block": Behaviour(dot_reply=f"554 5.7.1 [2] {SPAM_BLOCK_WORDS}; https://ya.cc/1IrBc", is_kept=False),
    "cut": Behaviour(cut=Cut.BEFORE_LETTER, times=1),
    "cut-midway": Behaviour(cut=Cut.WITHIN_LETTER, times=1),
    "drop": Behaviour(is_kept=False, after_dot=AfterDot.CLOSE),
    "kept-drop": Behaviour(after_dot=AfterDot.CLOSE),
    "hang-early": Behaviour(hangs_at_rcpt=True),
    "hang": Behaviour(is_kept=False, after_dot=AfterDot.HANG),
    "kept-hang": Behaviour(after_dot=AfterDot.HANG),
    "slow": Behaviour(dot_delay=0.5),
}


class AddressBook:
    """Remembers how often each address has got its behaviour."""

    def __init__(self) -> None:
        self._shown: Counter[str] = Counter()

    def behaviour_towards(self, address: str) -> Behaviour:
        """This address's behaviour now; each call is one letter offered."""
        local_part = address.partition("@")[0].lower()
        behaviour = BEHAVIOURS.get(re.sub(r"[-.]?\d+$", "", local_part), ACCEPTING)
        self._shown[address] += 1
        if behaviour.times is not None and self._shown[address] > behaviour.times:
            return ACCEPTING
        return behaviour


class SpamBlock:
    """Yandex's way: so many letters in a rolling day; one more, and the account is blocked for a day.

    Each connection within the block begins its day anew. The clock is the test's.
    """

    DAY = 24 * 3600.0

    def __init__(self, letters_a_day: int) -> None:
        self.letters_a_day = letters_a_day
        self.blocked_until = 0.0
        # How many connections came into a block.
        self.prolonged = 0
        self._kept_at: list[float] = []

    def connected(self) -> None:
        if time.time() < self.blocked_until:
            self.prolonged += 1
            self.blocked_until = time.time() + self.DAY

    def refusal(self) -> str | None:
        """The answer to a letter that may not pass now; None for one that may, and counts."""
        now = time.time()
        if now >= self.blocked_until and sum(at > now - self.DAY for at in self._kept_at) < self.letters_a_day:
            self._kept_at.append(now)
            return None
        self.blocked_until = now + self.DAY
        return f"554 5.7.1 [2] {SPAM_BLOCK_WORDS}; https://ya.cc/1IrBc"


@dataclass
class Manners:
    """How the server treats everybody. A test may change these while it runs; None and 0 mean nothing special."""

    is_pipelining: bool = True
    greeting: str | None = None
    login_reply: str | None = None
    sender_reply: str | None = None
    dot_delay: float = 0.0
    spam_block: SpamBlock | None = None
    # So many letters a connection; then the server closes it, with these words in answer to the next one.
    letters_a_connection: int = 0
    goodbye: str | None = None
    connections_at_once: int = 0


LOGIN_REFUSED = "535 5.7.8 Authentication failed: wrong password"
SENDER_REFUSED = "550 5.7.1 You may not send as this address"
TOO_MANY_LETTERS = "421 4.7.0 Too many messages in this session"
TOO_MANY_CONNECTIONS = "421 4.7.0 Too many concurrent SMTP connections"
TOO_BUSY = "421 4.3.2 Too busy, come back later"
