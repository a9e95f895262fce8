"""Addresses that must not be written to, from a file: what another program knew of those who said no."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import BinaryIO

from mailer.domain.erased import erased_among
from mailer.domain.importing import ImportedClient, RefusedLine, lines_of
from mailer.models.clients import Suppression, SuppressionReason
from mailer.models.statements import insert_into
from mailer.models.transactions import AnySession

BATCH_SIZE = 1000


@dataclass
class SuppressedFile:
    """What became of the lines of a file; `known` stood in the list already, for the same reason."""

    added: int = 0
    known: int = 0
    refused: list[RefusedLine] = field(default_factory=list)


def suppress_file(session: AnySession, owner_id: int, file: BinaryIO, now: datetime) -> SuppressedFile:
    """Let this owner write to the addresses of a CSV file no more; the caller commits.

    The addresses are read as those of an import of clients; names and comments beside them are passed over. Raises
    NoEmailColumn.
    """
    # Read whole before the first is written: the database is not kept waiting for a file.
    lines = list(lines_of(file))
    clients = {line.email_key: line for line in lines if isinstance(line, ImportedClient)}
    report = SuppressedFile(refused=[line for line in lines if isinstance(line, RefusedLine)])
    waiting = iter(clients.values())
    while batch := list(islice(waiting, BATCH_SIZE)):
        # An erased address is not written to anyway, and must not come into the list by its name.
        erased = erased_among(session, owner_id, [client.email_key for client in batch])
        named = [client for client in batch if client.email_key not in erased]
        report.added += _insert(session, owner_id, named, now) if named else 0
    report.known = len(clients) - report.added
    return report


def _insert(session: AnySession, owner_id: int, clients: Sequence[ImportedClient], now: datetime) -> int:
    rows = [
        {
            "owner_id": owner_id,
            "email": client.email,
            "email_key": client.email_key,
            "reason": SuppressionReason.BY_HAND,
            "created_at": now,
            "lift_reason": "",
        }
        for client in clients
    ]
    added = insert_into(session, Suppression).on_conflict_do_nothing().returning(Suppression.id)
    return len(session.execute(added, rows).all())
