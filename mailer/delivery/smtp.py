"""One SMTP connection, driven without ever blocking its lane.

It was opened by the standard library (see mailer.delivery.account); the session works on the bare socket. Where
the server offers PIPELINING (RFC 2920) an envelope goes out in one write, together with the last bytes of the
letter before it; elsewhere each command waits for its reply. One recipient per transaction; RSET only after a
refusal.
"""

import smtplib
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from mailer.delivery.account import MailAccount
from mailer.delivery.claims import Claim
from mailer.delivery.outcomes import ENVELOPE_STAGES, Stage, reply_text

# The server says goodbye, whatever it was asked (RFC 5321, 3.8).
CLOSING = 421
GO_AHEAD = 354
MAX_REPLY_BYTES = 1_000_000
READ_BYTES = 65_536


# Tuples, as two are made for each letter.
class Ready(NamedTuple):
    """The server has taken the envelope and waits for the letter, which must be begun first."""

    claim: Claim


class Reply(NamedTuple):
    """The server's word on one recipient: a refused envelope, or the answer to the final dot."""

    claim: Claim
    stage: Stage
    code: int
    words: bytes


class Broken(NamedTuple):
    """The connection is gone.

    `unanswered` got its final dot and no reply; `cut_off` was begun and certainly did not get it; `unbegun`
    was still at its envelope, refused with `code` where the server said why.
    """

    unanswered: Claim | None
    cut_off: Claim | None
    unbegun: Claim | None
    code: int | None
    words: str


Event = Ready | Reply | Broken


class Session:
    """The part of a connection after its login. Its lane calls `offer`, `deliver` and `pump`; nothing blocks."""

    def __init__(
        self, client: smtplib.SMTP, account: MailAccount, answered_in: Callable[[float], None] = lambda seconds: None
    ) -> None:
        """`answered_in` hears of each letter how many seconds passed from its last bytes to the answer."""
        assert client.sock is not None
        self.socket: socket.socket = client.sock
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._account = account
        self._answered_in = answered_in
        self._handed_over_at = 0.0
        self._is_secure = isinstance(client.sock, ssl.SSLSocket)
        self._is_pipelining = client.has_extn("pipelining")
        self._incoming = b""
        self._reply_lines: list[bytes] = []
        self._reply_bytes = 0
        self._outgoing = bytearray()
        self._sent_bytes = 0
        # What the replies still to come will answer, in order.
        self._expected: deque[Stage] = deque()
        # Commands that wait for the reply before them, where the server takes one at a time.
        self._commands: deque[tuple[Stage, bytes]] = deque()
        # The letter whose final dot is in the outgoing bytes, and where in the stream that dot ends.
        self.claim_delivering: Claim | None = None
        self._dot_ends_at = 0
        # The claim whose envelope is under way or taken.
        self.claim_offered: Claim | None = None
        self._refusal: tuple[Stage, int, bytes] | None = None
        self._needs_reset = False
        self.is_ready = False
        self.is_broken = False
        self.letters_answered = 0
        self._progress_at = time.monotonic()

    @property
    def wants_write(self) -> bool:
        return bool(self._outgoing)

    def offer(self, claim: Claim, envelope: tuple[bytes, bytes, bytes]) -> None:
        """Queue the envelope of the next recipient; `Ready` or `Reply` follows."""
        self.claim_offered, self._refusal, self.is_ready = claim, None, False
        if self._needs_reset:
            # A refused recipient leaves its transaction open (RFC 5321, 4.1.1.5).
            self._commands.append((Stage.RSET, b"RSET\r\n"))
            self._needs_reset = False
        self._commands.extend(zip(ENVELOPE_STAGES, envelope, strict=True))
        self._send_commands()

    def deliver(self, letter: bytes) -> None:
        """Queue the letter of the claim that is ready; its begin has been committed."""
        assert self.claim_offered is not None and self.is_ready and self.claim_delivering is None
        self.claim_delivering, self.claim_offered, self.is_ready = self.claim_offered, None, False
        self._write(letter)
        self._dot_ends_at = self._sent_bytes + len(self._outgoing)
        self._handed_over_at = time.monotonic()
        self._expected.append(Stage.DOT)

    def pump(self) -> list[Event]:
        """Write and read what can be, and tell what has happened."""
        try:
            self._flush()
        except OSError as error:
            # The server may have said why before it closed: its words are read first.
            return self._read_last(error)
        events = self._read()
        if not self.is_broken:
            try:
                self._flush()
            except OSError as error:
                events += self._read_last(error)
        return events

    def push(self) -> list[Event]:
        """Write what can be written at once; what has happened, if the line broke."""
        try:
            self._flush()
        except OSError as error:
            return self._read_last(error)
        return []

    def overdue(self, now: float) -> Broken | None:
        """Give up when the server has been silent for too long; `now` is time.monotonic()."""
        if not self._expected and not self._outgoing:
            return None
        is_dot = bool(self._expected) and self._expected[0] is Stage.DOT and not self._outgoing
        patience = self._account.dot_timeout if is_dot else self._account.timeout
        if now - self._progress_at < patience:
            return None
        return self._break(f"no reply in {patience:.0f} s")

    def quit(self) -> None:
        """Part politely where nothing is under way, and close in any case."""
        if not self.is_broken and not self._expected and not self._outgoing and not self.is_ready:
            try:
                self.socket.send(b"QUIT\r\n")
            except OSError:
                # The server was faster; there is nothing left to say to it.
                pass
        self.close()

    def close(self) -> None:
        """Close at once; a letter that has not got its final dot is not accepted (RFC 5321, 4.1.1.4)."""
        self.is_broken = True
        self.socket.close()

    def _break(self, words: str, code: int | None = None) -> Broken:
        # The socket is closed by the pool, after its selector has let go of it.
        self.is_broken = True
        delivering, is_dot_out = self.claim_delivering, self._sent_bytes >= self._dot_ends_at
        return Broken(
            unanswered=delivering if is_dot_out else None,
            cut_off=None if is_dot_out else delivering,
            unbegun=self.claim_offered,
            code=code,
            words=words,
        )

    def _send_commands(self) -> None:
        while self._commands and (self._is_pipelining or not self._expected):
            stage, command = self._commands.popleft()
            self._write(command)
            self._expected.append(stage)

    def _write(self, data: bytes) -> None:
        if not self._expected and not self._outgoing:
            self._progress_at = time.monotonic()
        self._outgoing += data

    def _flush(self) -> None:
        while self._outgoing:
            try:
                sent = self.socket.send(self._outgoing)
            except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                return
            del self._outgoing[:sent]
            self._sent_bytes += sent
            self._progress_at = time.monotonic()

    def _read_last(self, write_error: OSError) -> list[Event]:
        events = self._read(to_the_end=True)
        return events if self.is_broken else [*events, self._break(_words_of(write_error))]

    def _read(self, *, to_the_end: bool = False) -> list[Event]:
        events: list[Event] = []
        while not self.is_broken:
            try:
                data = self.socket.recv(READ_BYTES)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return events
            except OSError as error:
                return [*events, self._break(_words_of(error))]
            if not data:
                return [*events, self._break("the server closed the connection")]
            self._progress_at = time.monotonic()
            self._take_replies(data, events)
            if len(data) < READ_BYTES and not self._is_secure and not to_the_end:
                # All has been read; asking once more would only be told so. TLS may hold back another record.
                return events
        return events

    def _take_replies(self, data: bytes, events: list[Event]) -> None:
        """Cut whole replies out of what has come (RFC 5321, 4.2) and match each with what it answers."""
        lines = (self._incoming + data).split(b"\n")
        self._incoming = lines.pop()
        for line in lines:
            words = self._end_of_reply(line.removesuffix(b"\r"))
            if words is None:
                continue
            if line[:3].isdigit():
                self._take_reply(int(line[:3]), words, events)
            else:
                events.append(self._break(f"not an SMTP reply: {line[:100]!r}"))
            if self.is_broken:
                return
        if len(self._incoming) > MAX_REPLY_BYTES:
            events.append(self._break("the server's reply does not end"))

    def _end_of_reply(self, line: bytes) -> bytes | None:
        """The words of the reply whose last line this is, without their codes; None while it goes on."""
        is_last = line[3:4] != b"-"
        if is_last and not self._reply_lines:
            return line[4:]
        self._reply_bytes += len(line)
        if self._reply_bytes <= MAX_REPLY_BYTES:
            self._reply_lines.append(line[4:])
        if not is_last:
            return None
        words = b"\n".join(self._reply_lines)
        self._reply_lines.clear()
        self._reply_bytes = 0
        return words

    def _take_reply(self, code: int, words: bytes, events: list[Event]) -> None:
        if not self._expected:
            events.append(self._break(reply_text(words), code))
            return
        stage = self._expected.popleft()
        if stage is Stage.DOT:
            assert self.claim_delivering is not None
            events.append(Reply(self.claim_delivering, stage, code, words))
            self.claim_delivering = None
            self.letters_answered += 1
            self._answered_in(time.monotonic() - self._handed_over_at)
        elif code == CLOSING:
            events.append(self._break(reply_text(words), code))
            return
        elif self._refusal is None and not _is_taken(stage, code):
            self._refusal = (stage, code, words)
            # Whatever has not been sent of this envelope is not sent any more.
            self._commands.clear()
        if self._commands:
            self._send_commands()
        if stage is not Stage.DOT and not self._expected:
            self._end_envelope(stage, code, events)

    def _end_envelope(self, stage: Stage, code: int, events: list[Event]) -> None:
        """All of the envelope is answered; this was the last reply to it."""
        assert self.claim_offered is not None
        if self._refusal is None:
            self.is_ready = True
            events.append(Ready(self.claim_offered))
            return
        events.append(Reply(self.claim_offered, *self._refusal))
        self.claim_offered, self._refusal, self._needs_reset = None, None, True
        if stage is Stage.DATA and code == GO_AHEAD:
            # The server waits for a letter to nobody; nothing it would take could be trusted, so the line is cut.
            events.append(self._break("the server wants a letter although it refused its recipient"))


def _is_taken(stage: Stage, code: int) -> bool:
    return code == GO_AHEAD if stage is Stage.DATA else 200 <= code < 300


def _words_of(error: OSError) -> str:
    return error.strerror or str(error) or type(error).__name__
