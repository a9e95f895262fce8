"""CSV files that are sent as they are made, a piece at a time, so that no file is ever whole in memory."""

from collections.abc import Callable, Iterator

from babel.numbers import get_decimal_symbol
from flask_babel import get_locale
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from mailer.extensions import db

# Without it Excel takes UTF-8 for the machine's old encoding.
BYTE_ORDER_MARK = "\ufeff"

# What makes a file: it is given a session of its own and the delimiter, and yields the lines in pieces.
Pieces = Callable[[Session, str], Iterator[str]]


def csv_download(filename: str, pieces: Pieces) -> Response:
    """A file that spreadsheets open as it is meant."""
    # Where a number's fraction begins with a comma, spreadsheets put a semicolon between cells.
    delimiter = ";" if get_decimal_symbol(get_locale()) == "," else ","
    response = Response(_streamed(pieces, delimiter), mimetype="text/csv")
    response.headers["Content-Disposition"] = f"attachment; filename={filename}"
    return response


def _streamed(pieces: Pieces, delimiter: str) -> Iterator[bytes]:
    # A session of its own: the request's is closed before the first piece is sent.
    engine = db.engine

    def encoded() -> Iterator[bytes]:
        with Session(engine) as session:
            yield BYTE_ORDER_MARK.encode()
            for piece in pieces(session, delimiter):
                yield piece.encode()

    return encoded()
