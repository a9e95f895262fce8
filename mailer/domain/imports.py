"""The rules of uploaded files of clients: kept until they are worked through, each row once, whoever comes twice."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, func, or_, select, update

from mailer.domain.importing import Batch, Problem, RefusedLine
from mailer.models.imports import ClientImport, ImportFailure
from mailer.models.statements import changed_rows
from mailer.models.transactions import AnySession

# Of the refused lines so many are kept by number; all are counted.
MOST_PROBLEMS = 1000
# Of a worker that works through a file nothing is heard for at most this long.
SILENT_AFTER = timedelta(seconds=60)


def imports_of(owner_id: int) -> Select[ClientImport]:
    """This owner's uploads, without their content."""
    return select(ClientImport).where(ClientImport.owner_id == owner_id)


def keep_upload(session: AnySession, owner_id: int, file_name: str, content: bytes, now: datetime) -> ClientImport:
    """Keep a file to be worked through."""
    upload = ClientImport(
        owner_id=owner_id, file_name=file_name, content=content, size=len(content), created_at=now, rung_at=now
    )
    session.add(upload)
    session.flush()
    return upload


@dataclass(frozen=True)
class Turn:
    """What a worker reads before it goes on with a file."""

    owner_id: int
    content: bytes
    rows_done: int


def next_turn(session: AnySession, import_id: int) -> Turn | None:
    """Where to go on with this file; None when it is done with, or gone."""
    upload = session.execute(
        select(ClientImport.owner_id, ClientImport.content, ClientImport.rows_done).where(
            ClientImport.id == import_id, ClientImport.completed_at.is_(None)
        )
    ).one_or_none()
    if upload is None or upload.content is None:
        return None
    return Turn(upload.owner_id, upload.content, upload.rows_done)


def count_batch(
    session: AnySession, import_id: int, rows_done: int, batch: Batch, bytes_done: int, now: datetime
) -> bool:
    """Count a batch in the transaction that keeps its clients.

    False when another worker has gone on from `rows_done`: the caller must roll back, and each row counts once.
    """
    problems = session.scalar(select(ClientImport.problems).where(ClientImport.id == import_id))
    kept = json.loads(problems or "[]") + [(line.number, line.problem.name) for line in batch.refused]
    counted = session.execute(
        update(ClientImport)
        .where(
            ClientImport.id == import_id, ClientImport.rows_done == rows_done, ClientImport.completed_at.is_(None)
        )
        .values(
            rows_done=rows_done + batch.rows,
            bytes_done=bytes_done,
            added=ClientImport.added + batch.added,
            updated=ClientImport.updated + batch.updated,
            refused=ClientImport.refused + len(batch.refused),
            problems=json.dumps(kept[:MOST_PROBLEMS]),
            rung_at=now,
        )
        .execution_options(synchronize_session=False)
    )
    return bool(changed_rows(counted))


def complete_import(
    session: AnySession, import_id: int, rows_done: int, now: datetime, failure: ImportFailure | None = None
) -> None:
    """The file is worked through, or cannot be; its content is dropped, what became of its lines stays."""
    session.execute(
        update(ClientImport)
        .where(
            ClientImport.id == import_id, ClientImport.rows_done == rows_done, ClientImport.completed_at.is_(None)
        )
        .values(completed_at=now, content=None, bytes_done=ClientImport.size, failure=failure)
        .execution_options(synchronize_session=False)
    )


def refused_lines(upload: ClientImport) -> list[RefusedLine]:
    """The first of the lines that were refused."""
    return [RefusedLine(number, Problem[name]) for number, name in json.loads(upload.problems)]


def silent_imports(session: AnySession, now: datetime) -> list[int]:
    """The files that wait, and of which nothing has been heard for a while."""
    silent = or_(ClientImport.rung_at.is_(None), ClientImport.rung_at <= now - SILENT_AFTER)
    return list(
        session.scalars(
            select(ClientImport.id).where(ClientImport.completed_at.is_(None), silent).order_by(ClientImport.id)
        )
    )


def note_ring(session: AnySession, import_id: int, now: datetime) -> None:
    """The queue has been told of this file."""
    session.execute(update(ClientImport).where(ClientImport.id == import_id).values(rung_at=now))


def count_open_imports(session: AnySession, owner_id: int) -> int:
    """How many of this owner's files are not worked through yet."""
    waiting = select(func.count(ClientImport.id)).where(
        ClientImport.owner_id == owner_id, ClientImport.completed_at.is_(None)
    )
    return session.scalar(waiting) or 0
