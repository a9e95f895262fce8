"""A fast SMTP server that fails by seeded chance, in a process of its own, with a ledger that outlives its clients:

    python -m tests.chaos.mail_server --port 2525 --ledger letters.jsonl --temper '{"chances": {"drop": 0.01}}'

What becomes of the n-th letter to an address depends on the seed, the address and n alone, so that a run can be
repeated. Each decision is in the ledger before the client can hear of it.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.fates import FATES, Fate, Stage

END_OF_LETTER = b"\r\n.\r\n"
CAPABILITIES = b"250-mail.example\r\n250-SIZE 52428800\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
GOODBYE = b"421 4.3.2 Closing, come back later\r\n"


@dataclass(frozen=True)
class Temper:
    """The chance of each fate, and how long the server thinks about a letter: usually, and when it is slow."""

    chances: dict[str, float]
    seed: int = 0
    delay: float = 0.0
    slow_delay: float = 1.5
    # The chance that a connection is greeted with a goodbye.
    busy: float = 0.0


class Server:
    """What all connections share: the chances, how often each address was tried, and the ledger."""

    def __init__(self, temper: Temper, ledger: Path) -> None:
        self.temper = temper
        self._tries: Counter[str] = Counter()
        self._connections = 0
        self._ledger = os.open(ledger, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def number_connection(self) -> int:
        self._connections += 1
        return self._connections

    def is_busy(self, connection: int) -> bool:
        return random.Random(f"{self.temper.seed} connection {connection}").random() < self.temper.busy

    def fate_of(self, address: str) -> Fate:
        """The fate of the next letter to this address."""
        self._tries[address] += 1
        luck = random.Random(f"{self.temper.seed} {address} {self._tries[address]}").random()
        for name, chance in self.temper.chances.items():
            luck -= chance
            if luck < 0:
                return FATES[name]
        return FATES["accept"]

    def write(self, what: str, connection: int, address: str, **more: object) -> None:
        """Add a line to the ledger; it is in the kernel's hands, and safe from any kill, when this returns."""
        line = {"at": time.time(), "what": what, "connection": connection, "address": address, **more}
        os.write(self._ledger, json.dumps(line).encode() + b"\n")


class Conversation(asyncio.Protocol):
    """One connection. While it waits it does not listen, and what the client has sent meanwhile comes later."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.number = server.number_connection()
        self.incoming = b""
        self.is_waiting = False
        # Nothing is heard or said any more.
        self.is_deaf = False
        self.is_in_letter = False
        self.address: str | None = None
        self.fate = FATES["accept"]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        if self.server.is_busy(self.number):
            self.part(GOODBYE)
        else:
            self.say(b"220 mail.example ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        if not self.is_deaf:
            self.incoming += data
            self.proceed()

    def proceed(self) -> None:
        while self.incoming and not self.is_waiting and not self.is_deaf:
            if self.is_in_letter:
                if self.fate.stage is Stage.LETTER:
                    self.cut()
                    return
                letter, end, rest = self.incoming.partition(END_OF_LETTER)
                if not end:
                    return
                self.is_in_letter, self.incoming = False, rest
                self.take(letter)
            else:
                line, end, rest = self.incoming.partition(b"\r\n")
                if not end:
                    return
                self.incoming = rest
                self.obey(line)

    def obey(self, line: bytes) -> None:
        verb = line[:4].upper()
        if verb == b"MAIL":
            self.say(b"250 2.1.0 Ok\r\n")
        elif verb == b"RCPT":
            self.address = line.partition(b"<")[2].partition(b">")[0].decode()
            self.fate = self.server.fate_of(self.address)
            self.answer_recipient()
        elif verb == b"DATA":
            self.answer_data()
        elif verb == b"EHLO":
            self.say(CAPABILITIES)
        elif verb == b"QUIT":
            self.part(b"221 2.0.0 Bye\r\n")
        else:
            self.address = None
            self.say(b"250 2.0.0 Ok\r\n")

    def answer_recipient(self) -> None:
        fate = self.fate
        if fate.stage is not Stage.RCPT:
            self.say(b"250 2.1.5 Ok\r\n")
        elif fate.hangs:
            self.is_deaf = True
        elif fate.parts:
            self.part(fate.reply)
        else:
            self.address = None
            self.say(fate.reply)

    def answer_data(self) -> None:
        if self.address is None:
            self.say(b"503 5.5.1 RCPT first\r\n")
        elif self.fate.stage is Stage.DATA:
            self.part(self.fate.reply)
        else:
            self.is_in_letter = True
            self.say(b"354 Go ahead\r\n")

    def cut(self) -> None:
        """The client may have sent its dot already, and can never know how far the server came."""
        assert self.address is not None
        self.server.write("cut", self.number, self.address)
        self.is_deaf = True
        self.transport.abort()

    def take(self, letter: bytes) -> None:
        temper = self.server.temper
        delay = temper.slow_delay if self.fate.is_slow else temper.delay
        if delay:
            self.is_waiting = True
            asyncio.get_running_loop().call_later(delay, self.decide, letter)
        else:
            self.decide(letter)

    def decide(self, letter: bytes) -> None:
        """The moment that counts: the letter is kept or not, whatever the client still hears of it."""
        assert self.address is not None
        fate, address = self.fate, self.address
        self.address, self.is_waiting = None, False
        what = "accepted" if fate.keeps else "refused"
        answer = {"is_answered": fate.reply.endswith(b"\r\n"), "is_parted": fate.parts}
        self.server.write(what, self.number, address, **answer, **headers_of(letter))
        if fate.hangs:
            self.is_deaf = True
        elif fate.parts:
            self.part(fate.reply)
        else:
            self.say(fate.reply)
            self.proceed()

    def say(self, reply: bytes) -> None:
        self.transport.write(reply)

    def part(self, last_words: bytes) -> None:
        """Say the last words and close without a reset, which could take earlier answers with it."""
        self.is_deaf = True
        self.transport.write(last_words)
        if not self.transport.is_closing():
            self.transport.write_eof()


def headers_of(letter: bytes) -> dict[str, str]:
    """What tells when the letter was begun, and by which try of which lane."""
    head = letter.partition(b"\r\n\r\n")[0].decode("ascii", "replace")
    found = dict(line.partition(": ")[::2] for line in head.split("\r\n"))
    return {"date": found.get("Date", ""), "letter_id": found.get("Message-ID", "").strip("<>")}


async def serve(port: int, make: Callable[[], Conversation]) -> None:
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, over.set)
    listener = await loop.create_server(make, "127.0.0.1", port, backlog=1000)
    await over.wait()
    listener.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="A fast SMTP server that fails by seeded chance.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--ledger", type=Path, required=True, help="gets one line of JSON a decision")
    parser.add_argument("--temper", type=json.loads, default={"chances": {}}, help="the fields of Temper, as JSON")
    options = parser.parse_args()
    server = Server(Temper(**options.temper), options.ledger)
    asyncio.run(serve(options.port, lambda: Conversation(server)))


if __name__ == "__main__":
    main()
