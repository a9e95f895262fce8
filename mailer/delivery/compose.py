"""Letters: what is common to a mailing is built once, and each recipient's own lines are filled in."""

import functools
import re
from base64 import b64encode
from datetime import datetime
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr

from mailer.domain.addresses import envelope_address

# Seven bits pass every server; an encoded text has lines of at most 76 characters (RFC 2045, 6.7 and 6.8).
_BODY_POLICY = SMTP.clone(cte_type="7bit", max_line_length=76)

# A text that is sent as it is may have longer ones (RFC 5322, 2.1.1).
_LONGEST_LINE = 998

# Encoded words have at most 75 characters (RFC 2047, 2); one is left for the blank before them.
_LONGEST_HEADER_LINE = 76

# A name of these needs neither quotes nor an encoding (RFC 5322, 3.2.3).
_PLAIN_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")

# So many bytes of a name fit into one encoded word in base64, on the first line of a header.
_ENCODED_WORD_BYTES = 39

_LINE_STARTING_WITH_DOT = re.compile(rb"^\.", re.MULTILINE)

END_OF_DATA = b".\r\n"


class Composer:
    """The letters of one mailing."""

    def __init__(
        self, *, subject: str, body: str, sender: tuple[str, str], reply_to: tuple[str, str], mailing_id: int
    ) -> None:
        """`sender` and `reply_to` are name and address; the sender's address is also the envelope's."""
        self.envelope_sender = envelope_address(sender[1])
        self._mailing_id = mailing_id
        self._domain = self.envelope_sender.rpartition("@")[2]
        self._head = _header("From", address_header(*sender)) + _header("Reply-To", address_header(*reply_to))
        self._head += _header("Subject", text_header("Subject", subject))
        self._content = _content(body.replace("\r\n", "\n").replace("\r", "\n"))

    def letter_id(self, recipient_id: int, try_number: int, lane_token: str) -> str:
        """The Message-ID of one try, without its brackets; anybody who knows the row can work it out again."""
        return letter_id(self._mailing_id, recipient_id, try_number, lane_token, self._domain)

    def letter(self, full_name: str, email: str, letter_id: str, now: datetime) -> bytes:
        """The whole letter as it goes onto the wire after DATA: dot-stuffed, with the final dot (RFC 5321, 4.5.2)."""
        own = f"To: {address_header(full_name, email)}\r\nDate: {_date(now)}\r\nMessage-ID: <{letter_id}>\r\n"
        return b"".join((self._head, own.encode("ascii"), self._content, END_OF_DATA))

    def envelope(self, email: str) -> tuple[bytes, bytes, bytes]:
        """The commands MAIL, RCPT and DATA for one recipient. Raises ValueError for an address beyond ASCII."""
        recipient = envelope_address(email)
        return (
            f"MAIL FROM:<{self.envelope_sender}>\r\n".encode("ascii"),
            f"RCPT TO:<{recipient}>\r\n".encode("ascii"),
            b"DATA\r\n",
        )


@functools.lru_cache(maxsize=1)
def _date_of_second(now: datetime) -> str:
    return format_datetime(now)


def _date(now: datetime) -> str:
    """The time as a Date header writes it (RFC 5322, 3.3); the letters of one second share the work."""
    return _date_of_second(now.replace(microsecond=0))


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


def _content(body: str) -> bytes:
    """The headers of the content, and the content itself, ready for the wire."""
    content = EmailMessage(policy=_BODY_POLICY)
    is_sendable_as_is = body.isascii() and all(len(line) <= _LONGEST_LINE for line in body.split("\n"))
    content.set_content(body, charset="utf-8", cte="7bit" if is_sendable_as_is else None)
    return dot_stuffed(content.as_bytes())


def dot_stuffed(content: bytes) -> bytes:
    """The content with a second dot before each line's first one (RFC 5321, 4.5.2), ending in a line end."""
    stuffed = _LINE_STARTING_WITH_DOT.sub(b"..", content)
    return stuffed if stuffed.endswith(b"\r\n") else stuffed + b"\r\n"
