"""The text of a mailing's letters: encoded once, with places that each recipient's token fills.

Nothing is encoded anew for a recipient but the token itself. In plain ASCII it is put in as it is; in
quoted-printable (RFC 2045, 6.7) it has lines of its own, which soft line breaks join to the rest; in base64
(6.8) it is encoded together with the one or two bytes before it and behind it, so that all else keeps its place:
the length of a token is a multiple of three.
"""

import base64
import functools
import re
from collections.abc import Callable, Sequence
from email import quoprimime

# A text that is sent as it is may have longer lines (RFC 5322, 2.1.1) than an encoded one (RFC 2045, 6.7 and 6.8).
_LONGEST_LINE = 998
_LONGEST_ENCODED_LINE = 76
# More than the token of the longest address.
_LONGEST_TOKEN = 540

_LINE_STARTING_WITH_DOT = re.compile(rb"^\.", re.MULTILINE)
# Stands for the token while the text is encoded; no text that is sent as it is holds one.
_MARK = b"\0"

Fill = Callable[[bytes], bytes]


class Content:
    """The headers of the content, and the content itself, ready for the wire: dot-stuffed (RFC 5321, 4.5.2)."""

    def __init__(self, pieces: Sequence[str]) -> None:
        """`pieces` are the text around the tokens: there is one token fewer than pieces."""
        encoding, self._statics, self._fills = _encoded([piece.replace("\r", "\n") for piece in pieces])
        self._statics[0] = (
            b'Content-Type: text/plain; charset="utf-8"\r\nContent-Transfer-Encoding: %s\r\nMIME-Version: 1.0\r\n\r\n'
            % encoding
        ) + self._statics[0]

    def parts(self, token: bytes) -> list[bytes]:
        """The bytes for one recipient, in order, to be joined."""
        parts = [self._statics[0]]
        for fill, static in zip(self._fills, self._statics[1:], strict=True):
            parts += (fill(token), static)
        return parts


def _encoded(pieces: Sequence[str]) -> tuple[bytes, list[bytes], list[Fill]]:
    if _is_sendable_as_is(pieces):
        raw = _MARK.join(piece.encode("ascii").replace(b"\n", b"\r\n") for piece in pieces)
        return b"7bit", _stuffed(raw), [_as_it_is] * (len(pieces) - 1)
    quoted = [_quoted(piece) for piece in pieces]
    if 3 * sum(map(len, quoted)) <= 4 * sum(len(piece.encode()) for piece in pieces):
        return b"quoted-printable", _stuffed(_join_quoted(quoted)), [_on_lines_of_its_own] * (len(pieces) - 1)
    return b"base64", *_in_base64([piece.encode().replace(b"\n", b"\r\n") for piece in pieces])


def _is_sendable_as_is(pieces: Sequence[str]) -> bool:
    text = ("x" * _LONGEST_TOKEN).join(pieces)
    return text.isascii() and "\0" not in text and all(len(line) <= _LONGEST_LINE for line in text.split("\n"))


def _stuffed(marked: bytes) -> list[bytes]:
    stuffed = _LINE_STARTING_WITH_DOT.sub(b"..", marked)
    return (stuffed if stuffed.endswith(b"\r\n") else stuffed + b"\r\n").split(_MARK)


def _as_it_is(token: bytes) -> bytes:
    return token


# Quoted-printable ---------------------------------------------------------------------------------------------------


def _quoted(piece: str) -> bytes:
    # One character is left on each line for the soft break before a token.
    quoted = quoprimime.body_encode(piece.encode().decode("latin-1"), _LONGEST_ENCODED_LINE - 1, "\r\n")
    return quoted.encode("ascii")


def _join_quoted(quoted: Sequence[bytes]) -> bytes:
    joined = quoted[0]
    for piece in quoted[1:]:
        before = b"" if not joined or joined.endswith(b"\r\n") else b"=\r\n"
        after = b"" if not piece or piece.startswith(b"\r\n") else b"=\r\n"
        joined += before + _MARK + after + piece
    return joined


def _on_lines_of_its_own(token: bytes) -> bytes:
    width = _LONGEST_ENCODED_LINE - 1
    if len(token) <= width:
        return token
    return b"=\r\n".join(token[start : start + width] for start in range(0, len(token), width))


# Base64 -------------------------------------------------------------------------------------------------------------


def _in_base64(pieces: Sequence[bytes]) -> tuple[list[bytes], list[Fill]]:
    statics: list[bytes] = []
    fills: list[Fill] = []
    rest = pieces[0]
    following = list(pieces[1:])
    while following:
        # The bytes that make no whole group of three go with the token, and so do as many behind it as it takes.
        aligned = len(rest) - len(rest) % 3
        statics.append(_lines(rest[:aligned]))
        around = [rest[aligned:]]
        while following:
            piece = following.pop(0)
            needed = -sum(map(len, around)) % 3
            around.append(piece[:needed])
            rest = piece[needed:]
            if len(piece) >= needed:
                break
        fills.append(functools.partial(_around, tuple(around)))
    statics.append(_lines(rest))
    return statics, fills


def _around(texts: tuple[bytes, ...], token: bytes) -> bytes:
    return _lines(token.join(texts))


def _lines(raw: bytes) -> bytes:
    encoded = base64.b64encode(raw)
    if len(encoded) <= _LONGEST_ENCODED_LINE:
        return encoded + b"\r\n" if encoded else b""
    starts = range(0, len(encoded), _LONGEST_ENCODED_LINE)
    return b"".join(encoded[start : start + _LONGEST_ENCODED_LINE] + b"\r\n" for start in starts)
