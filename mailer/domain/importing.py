"""Clients from a CSV file of any size, in the spellings that spreadsheets write: streamed, in batches, as upserts."""

import codecs
import csv
import enum
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from io import TextIOWrapper
from itertools import islice
from typing import Any, BinaryIO

from sqlalchemy import select

from mailer.domain.addresses import AddressRefused, address_key, normal_address
from mailer.domain.clients import MAX_COMMENT_LENGTH, MAX_NAME_LENGTH, client_name_key, client_search_key
from mailer.domain.erased import erased_among
from mailer.domain.errors import Refused
from mailer.domain.exporting import without_guard
from mailer.domain.texts import CONTROL_CHARACTERS
from mailer.models.clients import Client, Suppression, SuppressionReason
from mailer.models.statements import insert_into
from mailer.models.transactions import AnySession

# Rows of one statement; the caller commits after each batch, so that other writers get their turn.
BATCH_SIZE = 1000
COLUMNS = ("email", "full_name", "comment")
# What the columns are called in headers, by us and by others, without case and signs.
NAMES = {
    "email": ("email", "emailaddress", "mail", "почта", "электроннаяпочта", "адрес", "адресэлектроннойпочты"),
    "full_name": ("fullname", "name", "фио", "имя", "полноеимя", "наименование"),
    "comment": ("comment", "note", "notes", "комментарий", "примечание"),
}
DELIMITERS = ",;\t"
LONGEST_HEADER = 65536


class NoEmailColumn(Refused):
    """The file has a header, and none of its columns is `email`."""


class Problem(enum.Enum):
    """Why a line was refused."""

    NO_ADDRESS = enum.auto()
    BAD_ADDRESS = enum.auto()
    CONTROL_CHARACTER = enum.auto()
    TOO_LONG = enum.auto()
    UNREADABLE = enum.auto()
    MUST_NOT_RETURN = enum.auto()
    ERASED = enum.auto()


@dataclass(frozen=True)
class RefusedLine:
    """`number` counts from 1, the header included, and is where the row begins."""

    number: int
    problem: Problem


@dataclass
class Batch:
    """What became of the lines of one batch; `rows` counts them all, an address that came twice included."""

    rows: int = 0
    added: int = 0
    updated: int = 0
    refused: list[RefusedLine] = field(default_factory=list)


@dataclass(frozen=True)
class ImportedClient:
    """A client as a line has them; `number` is the line's."""

    number: int
    email: str
    email_key: str
    full_name: str
    comment: str


def import_clients(
    session: AnySession, owner_id: int, file: BinaryIO, now: datetime, *, skip: int = 0
) -> Iterator[Batch]:
    """Put the clients of a CSV file on file, a batch at a time; the caller commits after each.

    The columns are email, full_name and comment, in the order of the header or, without one, in this order. A client
    whose address is on file is updated; an empty cell leaves what is there. Whoever was deleted and must not return is
    refused, and so is an address that was erased. `skip` rows are passed over: those of
    the batches that an earlier run has done with. Raises NoEmailColumn.
    """
    rows = islice(lines_of(file), skip, None)
    while lines := list(islice(rows, BATCH_SIZE)):
        yield _keep(session, owner_id, _without_barred(session, owner_id, lines), now)


def lines_of(file: BinaryIO) -> Iterator[ImportedClient | RefusedLine]:
    """The lines of a CSV file of clients, read as an import reads them. Raises NoEmailColumn."""
    text = TextIOWrapper(file, encoding=encoding_of(file), errors="replace", newline="")
    try:
        for row in _clients_in(text):
            yield _client_of(*row)
    finally:
        text.detach()


def encoding_of(file: BinaryIO) -> str:
    """UTF-8 or, where the bytes are not, what old Excel writes in Russia; the file is read through and rewound."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    encoding = "utf-8-sig"
    if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        encoding = "utf-16"
    else:
        file.seek(0)
        try:
            while chunk := file.read(1 << 20):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            encoding = "cp1251"
    file.seek(0)
    return encoding


def _clients_in(text: TextIOWrapper) -> Iterator[tuple[int, list[str] | None, Mapping[str, int]]]:
    """The rows that are no header, each with its number and the places of the columns."""
    rows = _rows_of(text)
    first = next(rows, None)
    if first is None:
        return
    number, cells = first
    order = _header(cells or [])
    if order is None:
        order = dict(zip(COLUMNS, range(len(COLUMNS)), strict=True))
        yield number, cells, order
    for number, cells in rows:
        yield number, cells, order


def _rows_of(text: TextIOWrapper) -> Iterator[tuple[int, list[str] | None]]:
    """Each row that is not blank with the number of its first line; None for a row that cannot be read."""
    first_line = text.readline(LONGEST_HEADER)
    text.seek(0)
    # Several delimiters may occur in a line of names; the columns' own is the most frequent one.
    delimiter = max(DELIMITERS, key=first_line.count)
    reader = csv.reader(text, delimiter=delimiter)
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield number, None
            continue
        if any(cell.strip() for cell in cells):
            yield number, cells


def _header(cells: list[str]) -> dict[str, int] | None:
    """Which column is where, if this row is a header; None if it is a client already."""
    names = {re.sub(r"[^a-zа-я]", "", cell.casefold()): place for place, cell in reversed(list(enumerate(cells)))}
    found = {column: [names[name] for name in NAMES[column] if name in names] for column in COLUMNS}
    order = {column: places[0] for column, places in found.items() if places}
    if not order or any("@" in cell for cell in cells):
        return None
    if "email" not in order:
        raise NoEmailColumn
    return order


def _client_of(number: int, cells: list[str] | None, order: Mapping[str, int]) -> ImportedClient | RefusedLine:
    if cells is None:
        return RefusedLine(number, Problem.UNREADABLE)
    # A cell of several lines becomes one line; what else could end a header is refused.
    texts = [cells[order[column]] if order.get(column, len(cells)) < len(cells) else "" for column in COLUMNS]
    email, full_name, comment = (" ".join(without_guard(text).split()) for text in texts)
    if not email:
        return RefusedLine(number, Problem.NO_ADDRESS)
    if CONTROL_CHARACTERS.search(email + full_name + comment):
        return RefusedLine(number, Problem.CONTROL_CHARACTER)
    if len(full_name) > MAX_NAME_LENGTH or len(comment) > MAX_COMMENT_LENGTH:
        return RefusedLine(number, Problem.TOO_LONG)
    try:
        address = normal_address(email)
    except AddressRefused:
        return RefusedLine(number, Problem.BAD_ADDRESS)
    return ImportedClient(number, address, address_key(address), full_name, comment)


def _without_barred(
    session: AnySession, owner_id: int, lines: list[ImportedClient | RefusedLine]
) -> list[ImportedClient | RefusedLine]:
    """The same lines, those refused whose client must not return: deleted with that word, or erased."""
    keys = [line.email_key for line in lines if isinstance(line, ImportedClient)]
    deleted = set(
        session.scalars(
            select(Suppression.email_key).where(
                Suppression.owner_id == owner_id,
                Suppression.reason == SuppressionReason.DELETED,
                Suppression.lifted_at.is_(None),
                Suppression.email_key.in_(keys),
            )
        )
    )
    erased = erased_among(session, owner_id, keys)
    return [_unless_refused(line, deleted, erased) for line in lines]


def _unless_refused(
    line: ImportedClient | RefusedLine, deleted: Collection[str], erased: Collection[str]
) -> ImportedClient | RefusedLine:
    if isinstance(line, ImportedClient) and line.email_key in erased:
        return RefusedLine(line.number, Problem.ERASED)
    if isinstance(line, ImportedClient) and line.email_key in deleted:
        return RefusedLine(line.number, Problem.MUST_NOT_RETURN)
    return line


def _keep(session: AnySession, owner_id: int, lines: list[ImportedClient | RefusedLine], now: datetime) -> Batch:
    batch = Batch(rows=len(lines), refused=[line for line in lines if isinstance(line, RefusedLine)])
    clients = [line for line in lines if isinstance(line, ImportedClient)]
    on_file = _names_and_comments(session, owner_id, clients)
    rows: dict[str, dict[str, Any]] = {}
    for client in clients:
        # Two lines with one address are one client, as if they had come in two files.
        if client.email_key in on_file:
            batch.updated += 1
        else:
            batch.added += 1
        old_name, old_comment = on_file.get(client.email_key, ("", ""))
        full_name, comment = client.full_name or old_name, client.comment or old_comment
        on_file[client.email_key] = full_name, comment
        rows[client.email_key] = {
            "owner_id": owner_id,
            "email": client.email,
            "email_key": client.email_key,
            "full_name": full_name,
            "name_key": client_name_key(full_name),
            "comment": comment,
            "search_key": client_search_key(client.email, full_name, comment),
            "created_at": now,
            "updated_at": now,
        }
    if rows:
        _upsert(session, list(rows.values()))
    return batch


def _names_and_comments(
    session: AnySession, owner_id: int, clients: list[ImportedClient]
) -> dict[str, tuple[str, str]]:
    rows = session.execute(
        select(Client.email_key, Client.full_name, Client.comment).where(
            Client.owner_id == owner_id, Client.email_key.in_([client.email_key for client in clients])
        )
    )
    return {email_key: (full_name, comment) for email_key, full_name, comment in rows}


def _upsert(session: AnySession, rows: list[dict[str, Any]]) -> None:
    insert = insert_into(session, Client)
    names = ("email", "full_name", "name_key", "comment", "search_key", "updated_at")
    changed = {name: insert.excluded[name] for name in names}
    session.execute(
        insert.on_conflict_do_update(index_elements=[Client.owner_id, Client.email_key], set_=changed), rows
    )
