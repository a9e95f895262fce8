"""The SMTP server's own books: every letter that it kept, whatever it told its client."""

import base64
import json
import threading
import time
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Letter:
    """One kept letter: its envelope, and its bytes as they came, without the doubled dots."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    received_at: float
    connection: int

    @property
    def message(self) -> EmailMessage:
        parsed = message_from_bytes(self.raw, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    @property
    def text(self) -> str:
        """The plain text that a reader sees, with line feeds."""
        body = self.message.get_body(("plain",))
        assert body is not None
        return str(body.get_content()).replace("\r\n", "\n")


class Ledger:
    """Kept in memory and, if there is a file, there too; a line is written out before the server answers."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._letters: list[Letter] = []
        self._connections = 0

    @property
    def letters(self) -> list[Letter]:
        with self._lock:
            return list(self._letters)

    @property
    def connections(self) -> int:
        """How many connections the server has taken so far."""
        with self._lock:
            return self._connections

    def __len__(self) -> int:
        with self._lock:
            return len(self._letters)

    def of(self, addresses: Collection[str]) -> "Ledger":
        """The part of the books that is about letters to these addresses."""
        part = Ledger()
        part._letters = [letter for letter in self.letters if set(letter.recipients) & set(addresses)]
        return part

    def copies(self) -> Counter[str]:
        """How many letters each address has got."""
        return Counter(address for letter in self.letters for address in letter.recipients)

    def open_connection(self) -> int:
        """Count a new connection, and number it."""
        with self._lock:
            self._connections += 1
            self._write({"connection": self._connections})
            return self._connections

    def keep(self, sender: str, recipients: list[str], raw: bytes, connection: int) -> None:
        letter = Letter(sender, tuple(recipients), raw, time.time(), connection)
        with self._lock:
            self._letters.append(letter)
            self._write(vars(letter) | {"raw": base64.b64encode(raw).decode("ascii")})

    def _write(self, line: dict[str, Any]) -> None:
        if self._path is not None:
            with open(self._path, "a") as file:
                file.write(json.dumps(line) + "\n")


def read_ledger(path: Path) -> Ledger:
    """The books of a server in another process, as far as it has written them."""
    ledger = Ledger()
    for text in path.read_text().splitlines() if path.exists() else ():
        line = json.loads(text)
        if "raw" in line:
            line["raw"] = base64.b64decode(line["raw"])
            ledger._letters.append(Letter(**line | {"recipients": tuple(line["recipients"])}))
        else:
            ledger._connections = line["connection"]
    return ledger
