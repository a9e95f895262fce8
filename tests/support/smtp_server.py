"""A real SMTP server (RFC 5321) with faults, and with a ledger of its own. It runs in a thread, or as a process:

    python -m tests.support.smtp_server --port 2525 --ledger letters.jsonl

Like a real server, and unlike aiosmtpd, it still keeps a letter whose sender was killed right after the final dot.
"""

import argparse
import asyncio
import json
import ssl
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from tests.support.ports import free_port
from tests.support.smtp_faults import (
    ACCEPTING,
    TOO_MANY_CONNECTIONS,
    AddressBook,
    AfterDot,
    Behaviour,
    Cut,
    Manners,
)
from tests.support.smtp_ledger import Ledger

LONGEST_LINE = 1000  # RFC 5321, 4.5.3.1.6, with its end.
STREAM_LIMIT = 1 << 20
CAPABILITIES = ("8BITMIME", "SIZE 52428800", "ENHANCEDSTATUSCODES", "AUTH PLAIN")


class Hangup(Exception):
    """This connection is closed without another word."""


class Conversation:
    """One connection, command by command."""

    def __init__(self, server: "SmtpServer", reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server = server
        self.manners, self.ledger, self.addresses = server.manners, server.ledger, server.addresses
        self.reader, self.writer = reader, writer
        self.number = self.ledger.open_connection()
        self.letters = 0
        self.reset()

    def reset(self) -> None:
        self.sender: str | None = None
        self.recipients: list[str] = []
        self.behaviour: Behaviour = ACCEPTING

    async def run(self) -> None:
        if self.manners.spam_block is not None:
            self.manners.spam_block.connected()
        if 0 < self.manners.connections_at_once < self.server.conversation_count:
            await self.say(TOO_MANY_CONNECTIONS)
        await self.say(self.manners.greeting or "220 mail.example ESMTP")
        while True:
            line = await self.reader.readuntil(b"\r\n")
            verb, _, argument = line.decode("utf-8", "replace").strip().partition(" ")
            command = getattr(self, f"on_{verb.lower()}", None)
            await (command(argument) if command else self.say("500 5.5.1 What is that?"))

    async def say(self, reply: str) -> None:
        self.writer.write(f"{reply}\r\n".encode())
        await self.writer.drain()
        if reply.startswith(("421", "221")):
            raise Hangup

    async def on_ehlo(self, argument: str) -> None:
        self.reset()
        offered = ["mail.example", *CAPABILITIES, *(["PIPELINING"] if self.manners.is_pipelining else [])]
        lines = [f"250-{word}" for word in offered[:-1]] + [f"250 {offered[-1]}"]
        await self.say("\r\n".join(lines))

    async def on_helo(self, argument: str) -> None:
        self.reset()
        await self.say("250 mail.example")

    async def on_auth(self, argument: str) -> None:
        await self.say(self.manners.login_reply or "235 2.7.0 Welcome")

    async def on_mail(self, argument: str) -> None:
        if self.manners.goodbye and self.has_had_enough:
            await self.say(self.manners.goodbye)
        if self.sender is not None:
            await self.say("503 5.5.1 One letter at a time")
        elif self.manners.sender_reply:
            await self.say(self.manners.sender_reply)
        else:
            self.sender = address_in(argument)
            await self.say("250 2.1.0 Ok")

    async def on_rcpt(self, argument: str) -> None:
        if self.sender is None:
            await self.say("503 5.5.1 MAIL first")
            return
        address = address_in(argument)
        behaviour = self.addresses.behaviour_towards(address)
        if behaviour.hangs_at_rcpt:
            await self.hang()
        if behaviour.rcpt_reply:
            await self.say(behaviour.rcpt_reply)
            return
        self.recipients.append(address)
        self.behaviour = behaviour
        await self.say("250 2.1.5 Ok")

    async def on_data(self, argument: str) -> None:
        if not self.recipients:
            await self.say("503 5.5.1 RCPT first")
            return
        if self.behaviour.cut is Cut.BEFORE_LETTER:
            raise Hangup
        await self.say("354 Go ahead")
        if self.behaviour.cut is Cut.WITHIN_LETTER:
            await self.reader.readuntil(b"\r\n")
            raise Hangup
        await self.take(*await self.read_letter())
        self.letters += 1
        if self.has_had_enough and not self.manners.goodbye:
            raise Hangup
        self.reset()

    @property
    def has_had_enough(self) -> bool:
        return 0 < self.manners.letters_a_connection <= self.letters

    async def read_letter(self) -> tuple[bytes, bool]:
        """The letter without its doubled dots, and whether each of its lines is short enough."""
        lines, is_short = [], True
        while (line := await self.reader.readuntil(b"\r\n")) != b".\r\n":
            is_short = is_short and len(line) <= LONGEST_LINE
            lines.append(line.removeprefix(b"."))
        return b"".join(lines), is_short

    async def take(self, raw: bytes, is_short: bool) -> None:
        assert self.sender is not None
        if not is_short:
            await self.say("500 5.5.2 Line too long")
            return
        if delay := self.behaviour.dot_delay or self.manners.dot_delay:
            await asyncio.sleep(delay)
        if self.manners.spam_block is not None and (refusal := self.manners.spam_block.refusal()):
            await self.say(refusal)
            return
        if self.behaviour.is_kept:
            self.ledger.keep(self.sender, self.recipients, raw, self.number)
        if self.behaviour.after_dot is AfterDot.CLOSE:
            raise Hangup
        if self.behaviour.after_dot is AfterDot.HANG:
            await self.hang()
        await self.say(self.behaviour.dot_reply or f"250 2.0.0 Ok: queued as {len(self.ledger):06X}")

    async def hang(self) -> None:
        """Say nothing more until the client has left."""
        while await self.reader.read(STREAM_LIMIT):
            pass
        raise Hangup

    async def on_rset(self, argument: str) -> None:
        self.reset()
        await self.say("250 2.0.0 Ok")

    async def on_noop(self, argument: str) -> None:
        await self.say("250 2.0.0 Ok")

    async def on_quit(self, argument: str) -> None:
        await self.say("221 2.0.0 Bye")


def address_in(argument: str) -> str:
    """The address between the angle brackets of MAIL or RCPT."""
    return argument.partition("<")[2].partition(">")[0]


class SmtpServer:
    """The server in a thread of its own. `manners` may be changed at any time."""

    def __init__(
        self, port: int | None = None, ledger_path: Path | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self.tls = tls
        self.port = port or free_port()
        self.manners = Manners()
        self.ledger = Ledger(ledger_path)
        self.addresses = AddressBook()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="smtp-server", daemon=True)
        self._listener: asyncio.Server | None = None
        self._conversations: set[asyncio.Task[None]] = set()

    @property
    def conversation_count(self) -> int:
        return len(self._conversations)

    def start(self) -> None:
        self._thread.start()
        self.listen()

    def listen(self) -> None:
        """Take connections, for the first time or again."""
        self._run(self._listen())

    def go_away(self) -> None:
        """Refuse new connections and cut those that are open, as a crash would."""
        self._run(self._go_away())

    def stop(self) -> None:
        self.go_away()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        future: Future[None] = asyncio.run_coroutine_threadsafe(work, self._loop)
        future.result(timeout=30)

    async def _listen(self) -> None:
        self._listener = await asyncio.start_server(
            self._serve, "127.0.0.1", self.port, limit=STREAM_LIMIT, ssl=self.tls
        )

    async def _go_away(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        conversations = list(self._conversations)
        for conversation in conversations:
            conversation.cancel()
        await asyncio.gather(*conversations, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._conversations.add(task)
        try:
            await Conversation(self, reader, writer).run()
        except (Hangup, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            # The conversation is over, by our will or the client's.
            pass
        except asyncio.CancelledError:
            # The server goes away.
            writer.transport.abort()
        finally:
            self._conversations.discard(task)
            writer.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="An SMTP server with faults, for tests.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--ledger", type=Path, required=True, help="a file that gets one line of JSON a letter")
    parser.add_argument("--manners", type=json.loads, default={}, help="how it treats everybody, as JSON")
    options = parser.parse_args()
    server = SmtpServer(options.port, options.ledger)
    server.manners = Manners(**options.manners)
    server.start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
