"""Clients as CSV that spreadsheets open as it is meant, and that an import takes back unchanged."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO

from sqlalchemy import Select
from sqlalchemy.orm import Session

from mailer.models.clients import Client

COLUMNS = ("email", "full_name", "comment")
# Rows of one query, each in a transaction of its own: a slow reader holds up nobody.
BATCH_SIZE = 2000
# A cell that begins like this is a formula to a spreadsheet, which may do anything with it.
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
GUARD = "'"


def clients_as_csv(session: Session, clients: Select[Client], delimiter: str) -> Iterator[str]:
    """The header and then the clients in the order of their coming, in pieces; ends each read transaction."""
    yield csv_lines([COLUMNS], delimiter)
    last_id = 0
    columns = clients.with_only_columns(Client.id, Client.email, Client.full_name, Client.comment)
    while rows := session.execute(columns.where(Client.id > last_id).order_by(Client.id).limit(BATCH_SIZE)).all():
        session.rollback()
        last_id = rows[-1][0]
        yield csv_lines([tuple(map(guarded, texts)) for _id, *texts in rows], delimiter)


def guarded(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula."""
    return GUARD + text if text.startswith(FORMULA_SIGNS) else text


def without_guard(text: str) -> str:
    """A cell as it was before it was guarded."""
    return text[1:] if text.startswith(GUARD) and text[1:].startswith(FORMULA_SIGNS) else text


def csv_lines(rows: Iterable[Sequence[object]], delimiter: str) -> str:
    """Rows as lines of CSV; whoever puts a stranger's text into a cell guards it."""
    piece = StringIO()
    csv.writer(piece, delimiter=delimiter).writerows(rows)
    return piece.getvalue()
