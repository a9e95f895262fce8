"""The outbox: an SMTP server on the loopback interface that accepts every letter and keeps it for the web UI.

A letter is on the disk before it is answered with 250. Letters that come at the same time, over many connections, are
stored together: a commit waits for the disk, and one wait then serves them all.
"""

import asyncio
import logging
import signal
import sqlite3
from pathlib import Path

from aiosmtpd.smtp import SMTP
from aiosmtpd.smtp import Envelope as SmtpEnvelope
from aiosmtpd.smtp import Session

from mailer.config import load_settings
from mailer.embedded.outbox_store import Envelope, add_letters, open_outbox

# Base64 makes a letter a third larger; the largest message must fit with its headers.
LARGEST_LETTER_BYTES = 40 * 1024 * 1024

log = logging.getLogger(__name__)


class Outbox:
    """aiosmtpd's handler, and the one task that writes."""

    def __init__(self, store: sqlite3.Connection) -> None:
        self._store = store
        self._waiting: list[tuple[Envelope, asyncio.Future[None]]] = []
        self._has_come = asyncio.Event()
        self._is_closing = False

    # aiosmtpd calls it by this name.
    async def handle_DATA(self, server: SMTP, session: Session, envelope: SmtpEnvelope) -> str:
        content = envelope.content
        raw = content if isinstance(content, bytes) else (content or "").encode()
        stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((Envelope(envelope.mail_from or "", tuple(envelope.rcpt_tos), raw), stored))
        self._has_come.set()
        try:
            await stored
        except sqlite3.Error as error:
            log.error("A letter could not be stored: %s", error)
            return "452 4.3.1 The outbox cannot store the letter now"
        return "250 2.0.0 Caught by the outbox"

    async def write_letters(self) -> None:
        """Store what has come, in a thread, so that further letters are received meanwhile, until close()."""
        while self._waiting or not self._is_closing:
            await self._has_come.wait()
            self._has_come.clear()
            batch, self._waiting = self._waiting, []
            problem = None
            try:
                await asyncio.to_thread(add_letters, self._store, [envelope for envelope, _ in batch])
            except sqlite3.Error as error:
                problem = error
            for _, stored in batch:
                # A client that has gone away has cancelled its future.
                if stored.done():
                    continue
                if problem is None:
                    stored.set_result(None)
                else:
                    stored.set_exception(problem)

    def close(self) -> None:
        self._is_closing = True
        self._has_come.set()


async def serve(data_dir: Path, port: int) -> None:
    """Catch mail until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    with open_outbox(data_dir) as store:
        outbox = Outbox(store)
        writer = loop.create_task(outbox.write_letters())
        server = await loop.create_server(lambda: _conversation(outbox, loop), "127.0.0.1", port)
        await stop.wait()
        server.close()
        outbox.close()
        await writer


def _conversation(outbox: Outbox, loop: asyncio.AbstractEventLoop) -> SMTP:
    return SMTP(
        outbox,
        data_size_limit=LARGEST_LETTER_BYTES,
        enable_SMTPUTF8=True,
        # aiosmtpd would ask DNS for this machine's name at each connection.
        hostname="outbox.localhost",
        loop=loop,
    )


def main() -> None:
    """Serve where the settings say that mail goes."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    settings = load_settings()
    asyncio.run(serve(settings["DATA_DIR"], settings["MAIL_PORT"]))


if __name__ == "__main__":
    main()
