"""The links by which people say that they want no more letters: opaque, unforgeable, and good for years.

A link's token holds the owner, the recipient and the address, sealed with AES-SIV (RFC 5297) and a key kept in the
database. So nobody can read one, make one, or guess another one from it; and it goes on working after the mailing
or the client was deleted, or the database restored: the address is in the letter, not looked up.
"""

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from sqlalchemy import select

from mailer.domain.addresses import envelope_address
from mailer.models.statements import insert_into
from mailer.models.transactions import AnySession
from mailer.models.users import SharedSetting

# Where the links lead, below BASE_URL.
LINK_PATH = "/u/"

KEY_NAME = "UNSUBSCRIBE_KEY"
_KEY_BYTES = 32
# AES-SIV puts its tag of 128 bits, which is also its nonce, before the text.
_TAG_BYTES = 16

# Tokens come in multiples of so many bytes, which are twelve characters: that tells less of an address's length, and
# a token inside a text in base64 moves nothing of what follows (see mailer.delivery.content).
_BLOCK_BYTES = 9
_TOKEN = re.compile(r"(?:[A-Za-z0-9_-]{12})+")


@dataclass(frozen=True)
class Addressee:
    """Whom a letter was written to, and on whose behalf."""

    owner_id: int
    recipient_id: int
    email: str


# Whom a forged token names: looking for this one takes as long, and finds nobody.
NOBODY = Addressee(0, 0, "")


class UnsubscribeLinks:
    """Makes and reads the tokens of one installation."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESSIV(key)
        # Tells this installation from others that send from the same domain; says nothing about the key.
        self.installation = hashlib.sha256(key).hexdigest()[:8]

    def token(self, owner_id: int, recipient_id: int, email: str) -> str:
        """The token of one recipient: letters, digits, - and _; the same one each time."""
        text = f"{owner_id:x} {recipient_id:x} {envelope_address(email)}".encode("ascii")
        padded = text.ljust(len(text) + -(_TAG_BYTES + len(text)) % _BLOCK_BYTES)
        return base64.urlsafe_b64encode(self._cipher.encrypt(padded, None)).decode("ascii")

    def read(self, token: str) -> Addressee:
        """Whom a token names; NOBODY for one that was not made here. The tag is compared in constant time."""
        sealed = base64.urlsafe_b64decode(token) if _TOKEN.fullmatch(token) else bytes(_TAG_BYTES)
        try:
            text = self._cipher.decrypt(sealed, None).decode("ascii")
        except InvalidTag:
            return NOBODY
        owner_id, recipient_id, email = text.rstrip(" ").split(" ", 2)
        return Addressee(int(owner_id, 16), int(recipient_id, 16), email)


def unsubscribe_links(session: AnySession) -> UnsubscribeLinks:
    """The links of this installation; before its first letter, those of a key that nobody has."""
    value = session.scalar(select(SharedSetting.value).where(SharedSetting.name == KEY_NAME))
    return UnsubscribeLinks(secrets.token_bytes(_KEY_BYTES) if value is None else bytes.fromhex(value))


def ensure_unsubscribe_key(session: AnySession, now: datetime) -> None:
    """Make the key if there is none yet; however many try at once, all hosts agree on one. The caller commits."""
    row = insert_into(session, SharedSetting).values(name=KEY_NAME, value=secrets.token_hex(_KEY_BYTES), updated_at=now)
    session.execute(row.on_conflict_do_nothing())
