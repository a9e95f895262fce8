"""The open connections of a lane: opened in threads, because opening blocks; then listened to all at once."""

import logging
import queue
import selectors
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from mailer.delivery.account import MailAccount, connect
from mailer.delivery.outcomes import (
    CERTIFICATE_WRONG,
    LOGIN_REFUSED,
    UNREACHABLE,
    Outcome,
    refusal_before_letters,
    reply_text,
)
from mailer.delivery.smtp import Event, Session

logger = logging.getLogger(__name__)

# After a failure, while other connections work, a server that limits them is not pressed at once.
REOPEN_PAUSE_SECONDS = 5
OVERDUE_LOOK_SECONDS = 0.5
# So long the leave to connect is good for further connections: a start opens all of them in one moment.
ALLOWED_SECONDS = 0.2


@dataclass(frozen=True)
class ConnectionFailed:
    """A connection could not be opened."""

    outcome: Outcome
    code: int | None
    words: str


class Pool:
    """At most `size` sessions with one account."""

    def __init__(
        self,
        account: MailAccount,
        size: int,
        may_connect: Callable[[], bool],
        answered_in: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        """`may_connect` is asked in the last moment before connections are made, from a thread of its own.

        `answered_in` hears of each letter how many seconds its answer took.
        """
        self.opening = 0
        self.size = size
        # A connection was wanted while the account is held.
        self.is_forbidden = False
        # The sessions, each with what the selector was told to wait for.
        self._interests: dict[Session, int] = {}
        self._account = account
        self._may_connect = may_connect
        self._answered_in = answered_in
        self._asking = threading.Lock()
        self._allowed_at = float("-inf")
        self._selector = selectors.DefaultSelector()
        self._opened: queue.SimpleQueue[smtplib.SMTP | ConnectionFailed | None] = queue.SimpleQueue()
        self._bell, self._ringer = socket.socketpair()
        self._bell.setblocking(False)
        self._selector.register(self._bell, selectors.EVENT_READ)
        self._closed = threading.Event()
        self._news: list[tuple[Session, Event]] = []
        self._reopen_at = 0.0
        self._looked_at = 0.0

    @property
    def sessions(self) -> list[Session]:
        return list(self._interests)

    @property
    def room(self) -> int:
        """How many sessions more there could be, those that are being opened included."""
        free = self.size - len(self._interests)
        return free if time.monotonic() >= self._reopen_at else min(free, self.opening)

    def open_more(self, count: int) -> None:
        """Begin to open up to `count` connections, as far as there is room."""
        for _ in range(min(count, self.room - self.opening)):
            self.opening += 1
            threading.Thread(target=self._open, name="open-connection", daemon=True).start()

    def listen(self, seconds: float) -> tuple[list[tuple[Session, Event]], list[ConnectionFailed]]:
        """Wait up to `seconds` for news of any session; what has happened, and which openings have failed."""
        for session, interest in self._interests.items():
            wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if session.wants_write else 0)
            if interest != wanted:
                self._selector.modify(session.socket, wanted, session)
                self._interests[session] = wanted
        events, self._news = self._news, []
        for key, _ in self._selector.select(seconds):
            session = key.data
            if session is None:
                self._hush()
            elif not session.is_broken:
                events += [(session, event) for event in session.pump()]
        events += self._overdue()
        failures = self._take_opened()
        self._bury()
        return events, failures

    def drop(self, session: Session) -> None:
        """Close a session at once."""
        self._forget(session)
        session.close()

    def push(self) -> None:
        """Send off what has been queued; what that brings to light comes with the next `listen`."""
        for session in self._interests:
            if session.wants_write:
                self._news += [(session, event) for event in session.push()]

    def part(self, session: Session) -> None:
        """Say goodbye where the session allows it, and close."""
        self._forget(session)
        session.quit()

    def rest(self) -> None:
        """Open nothing for a while: the server has just turned a connection away."""
        self._reopen_at = time.monotonic() + REOPEN_PAUSE_SECONDS

    def close(self) -> None:
        """Part from all sessions; openings under way are closed when they come."""
        self._closed.set()
        for session in self.sessions:
            self.part(session)
        self._take_opened()
        self._selector.close()
        self._bell.close()
        self._ringer.close()

    def _is_allowed(self) -> bool:
        """Ask whether a connection may be made; those that are opened together ask once, and not each on its own."""
        with self._asking:
            if time.monotonic() - self._allowed_at > ALLOWED_SECONDS:
                if not self._may_connect():
                    return False
                self._allowed_at = time.monotonic()
            return True

    def _open(self) -> None:
        result: smtplib.SMTP | ConnectionFailed | None
        try:
            result = connect(self._account) if self._is_allowed() else None
        except (smtplib.SMTPException, OSError, ValueError) as error:
            result = connection_failed(error)
        if self._closed.is_set():
            if isinstance(result, smtplib.SMTP):
                result.close()
            return
        self._opened.put(result)
        try:
            self._ringer.send(b"!")
        except OSError:
            # The pool was closed in this moment, and has nobody left to tell.
            return

    def _take_opened(self) -> list[ConnectionFailed]:
        failures = []
        while not self._opened.empty():
            result = self._opened.get()
            self.opening -= 1
            if result is None:
                self.is_forbidden = True
            elif isinstance(result, ConnectionFailed):
                failures.append(result)
            elif self._closed.is_set():
                result.close()
            else:
                session = Session(result, self._account, self._answered_in)
                self._selector.register(session.socket, selectors.EVENT_READ, session)
                self._interests[session] = selectors.EVENT_READ
        return failures

    def _hush(self) -> None:
        try:
            self._bell.recv(4096)
        except BlockingIOError:
            return

    def _overdue(self) -> list[tuple[Session, Event]]:
        now = time.monotonic()
        if now - self._looked_at < OVERDUE_LOOK_SECONDS:
            return []
        self._looked_at = now
        broken = [(session, session.overdue(now)) for session in self._interests if not session.is_broken]
        return [(session, event) for session, event in broken if event is not None]

    def _bury(self) -> None:
        for session in [session for session in self._interests if session.is_broken]:
            self.drop(session)

    def _forget(self, session: Session) -> None:
        if self._interests.pop(session, None) is not None:
            self._selector.unregister(session.socket)


def connection_failed(error: Exception) -> ConnectionFailed:
    """What it means that no connection came about, or no login."""
    if isinstance(error, smtplib.SMTPResponseException):
        code, words = error.smtp_code, _words(error.smtp_error)
        outcome = refusal_before_letters(code, words)
        if outcome is None:
            is_login = isinstance(error, smtplib.SMTPAuthenticationError) and code >= 500
            outcome = LOGIN_REFUSED if is_login else UNREACHABLE
        return ConnectionFailed(outcome, code, words)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return ConnectionFailed(LOGIN_REFUSED, None, str(error))
    if isinstance(error, ssl.SSLCertVerificationError):
        return ConnectionFailed(CERTIFICATE_WRONG, None, error.verify_message or str(error))
    words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return ConnectionFailed(UNREACHABLE, None, words or type(error).__name__)


def _words(raw: bytes | str) -> str:
    return raw if isinstance(raw, str) else reply_text(raw)
