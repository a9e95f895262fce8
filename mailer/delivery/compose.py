"""Letters: what is common to a mailing is built once, and each recipient's own lines are filled in."""

import functools
import re
from base64 import b64encode
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, formataddr

from mailer.delivery.content import Content
from mailer.delivery.footer import PLACEHOLDER, with_way_out
from mailer.domain.addresses import envelope_address
from mailer.domain.unsubscribe_links import LINK_PATH, UnsubscribeLinks

# Encoded words have at most 75 characters (RFC 2047, 2); one is left for the blank before them.
_LONGEST_HEADER_LINE = 76

# A name of these needs neither quotes nor an encoding (RFC 5322, 3.2.3).
_PLAIN_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")

# So many bytes of a name fit into one encoded word in base64, on the first line of a header.
_ENCODED_WORD_BYTES = 39

END_OF_DATA = b".\r\n"


class Composer:
    """The letters of one mailing."""

    def __init__(
        self,
        *,
        subject: str,
        body: str,
        sender: tuple[str, str],
        reply_to: tuple[str, str],
        mailing_id: int,
        owner_id: int,
        base_url: str,
        links: UnsubscribeLinks,
    ) -> None:
        """`sender` and `reply_to` are name and address; the sender's address is also the envelope's.

        `base_url` is ASCII and has no slash at its end.
        """
        self.envelope_sender = envelope_address(sender[1])
        self._mailing_id = mailing_id
        self._domain = self.envelope_sender.rpartition("@")[2]
        self._head = _header("From", address_header(*sender)) + _header("Reply-To", address_header(*reply_to))
        self._head += _header("Subject", text_header("Subject", subject))
        # One list an owner, which is what a person leaves; stable from mailing to mailing (RFC 2919, 2 and 3).
        self._head += _header("List-Id", f"<owner-{owner_id}.{links.installation}.{self._domain}>")
        self._head += _header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
        self._owner_id, self._links, self._link_start = owner_id, links, base_url + LINK_PATH
        text = with_way_out(body.replace("\r\n", "\n").replace("\r", "\n"), subject)
        self._content = Content(_around_tokens(text, self._link_start))

    def letter_id(self, recipient_id: int, try_number: int, lane_token: str) -> str:
        """The Message-ID of one try, without its brackets; anybody who knows the row can work it out again."""
        return letter_id(self._mailing_id, recipient_id, try_number, lane_token, self._domain)

    def letter(self, recipient_id: int, full_name: str, email: str, letter_id: str, now: datetime) -> bytes:
        """The whole letter as it goes onto the wire after DATA: dot-stuffed, with the final dot (RFC 5321, 4.5.2)."""
        token = self._links.token(self._owner_id, recipient_id, email)
        # The link is neither folded nor encoded, however long it is: programs read it as it stands (RFC 8058, 3.1).
        own = (
            f"To: {address_header(full_name, email)}\r\nDate: {_date(now)}\r\nMessage-ID: <{letter_id}>\r\n"
            f"List-Unsubscribe: <{self._link_start}{token}>\r\n"
        )
        content = self._content.parts(token.encode("ascii"))
        return b"".join((self._head, own.encode("ascii"), *content, END_OF_DATA))

    def envelope(self, email: str) -> tuple[bytes, bytes, bytes]:
        """The commands MAIL, RCPT and DATA for one recipient. Raises ValueError for an address beyond ASCII."""
        recipient = envelope_address(email)
        return (
            f"MAIL FROM:<{self.envelope_sender}>\r\n".encode("ascii"),
            f"RCPT TO:<{recipient}>\r\n".encode("ascii"),
            b"DATA\r\n",
        )


@functools.lru_cache(maxsize=1)
def _date(now: datetime) -> str:
    """The time as a Date header writes it (RFC 5322, 3.3); the letters of one turn share the work."""
    return format_datetime(now)


def letter_id(mailing_id: int, recipient_id: int, try_number: int, lane_token: str, domain: str) -> str:
    """The Message-ID of one try, without its brackets (RFC 5322, 3.6.4)."""
    return f"{mailing_id}.{recipient_id}.{try_number}.{lane_token[:8]}@{domain}"


def address_header(name: str, address: str) -> str:
    """Name and address for a header, the name encoded where it is not ASCII (RFC 2047), folded if it is long."""
    address = envelope_address(address)
    if not name:
        return address
    if name.isascii():
        return f"{name} <{address}>" if _PLAIN_NAME.fullmatch(name) else formataddr((name, address))
    raw = name.encode()
    if len(raw) <= _ENCODED_WORD_BYTES:
        # What the general way below would make of it, in a tenth of its time.
        return f"=?utf-8?b?{b64encode(raw).decode('ascii')}?= <{address}>"
    # Room is left on the first line for the header's own name.
    encoded = Header(name, "utf-8", _LONGEST_HEADER_LINE, header_name="Reply-To").encode(linesep=_FOLD)
    return f"{encoded} <{address}>"


def text_header(name: str, text: str) -> str:
    """A header's free text, encoded and folded where needed (RFC 2047)."""
    charset = "us-ascii" if text.isascii() else "utf-8"
    return Header(text, charset, _LONGEST_HEADER_LINE, header_name=name).encode(linesep=_FOLD)


_FOLD = "\r\n"


def _header(name: str, value: str) -> bytes:
    return f"{name}: {value}\r\n".encode("ascii")


def _around_tokens(text: str, link_start: str) -> list[str]:
    """What stands before, between and behind the tokens, the constant part of each link included."""
    pieces = text.split(PLACEHOLDER)
    return [piece + link_start for piece in pieces[:-1]] + pieces[-1:]
