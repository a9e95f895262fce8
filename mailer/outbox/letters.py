"""Reading letters that anybody may have made: whatever is malformed is shown as well as can be."""

from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage, MIMEPart

MALFORMED = (MessageError, LookupError, ValueError, AttributeError, TypeError)


def letter_in(raw: bytes) -> EmailMessage:
    """The letter in the bytes that came."""
    return message_from_bytes(raw, policy=policy.default)


def headers_of(letter: EmailMessage) -> list[tuple[str, str]]:
    """Names and decoded values of the headers, in their order."""
    return [(name, _header_text(name, value)) for name, value in letter.raw_items()]


def text_of(letter: EmailMessage) -> str | None:
    """The plain text; None where the letter has none."""
    return _body_text(letter, "plain")


def html_of(letter: EmailMessage) -> str | None:
    """The HTML; None where the letter has none."""
    return _body_text(letter, "html")


def _header_text(name: str, value: str) -> str:
    try:
        text = str(policy.default.header_fetch_parse(name, value))
    except MALFORMED:
        text = str(value)
    return printable(text)


def _body_text(letter: EmailMessage, kind: str) -> str | None:
    try:
        part = letter.get_body(preferencelist=(kind,))
    except MALFORMED:
        return None
    return None if part is None else printable(_content_of(part))


def _content_of(part: MIMEPart) -> str:
    try:
        return str(part.get_content())
    except MALFORMED:
        payload = part.get_payload(decode=True)
        return payload.decode("utf-8", errors="replace") if isinstance(payload, bytes) else str(part.get_payload())


def printable(text: str) -> str:
    """Bytes that fit no encoding come as lone surrogates, which no page can carry."""
    return text.encode("utf-8", errors="replace").decode("utf-8")
