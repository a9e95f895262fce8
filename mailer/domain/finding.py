"""Finding clients among very many: a search looks at each of them, so it is made once for all that a page shows."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, select

from mailer.domain.chosen_ids import is_among
from mailer.domain.clients import clients_of, count_of
from mailer.domain.walking import found_by_index, walk_for_counts, walk_for_ids
from mailer.models.clients import Client
from mailer.models.portable import off_index
from mailer.models.transactions import AnySession

# So many rows are quickly put in order. A page of more of them is looked for along an index.
FEW = 1000
# More than a page of any list of clients (web/pagination.py).
FIRST = 100


@dataclass(frozen=True)
class Found:
    """The clients that a search finds, and how many, where that came out on the way.

    Where they are many, a page of them is found `by_index`, and the `first` by name are known already.
    """

    clients: Select[Client]
    count: int | None = None
    by_index: Select[Client] | None = None
    first: Select[Client] | None = None

    def at(self, *, is_beginning_by_name: bool) -> tuple[Select[Client], Select[Client] | None]:
        """Among whom to look for a page, and the same `by_index`: at the beginning of the list, or anywhere in it."""
        if is_beginning_by_name and self.first is not None:
            return self.first, None
        return self.clients, self.by_index


@dataclass(frozen=True)
class Counts:
    """How many clients there are, how many of them a search finds, and how many of those lie ahead of a place."""

    on_file: int
    found: int
    ahead: int = 0


def find_clients(session: AnySession, owner_id: int, search: str) -> Found:
    """This owner's clients that match the search, all of them where there is none.

    One statement asks which they are, and stops where it has found more than FEW; only those are looked for again.
    """
    if not search.strip():
        return Found(clients_of(owner_id))
    ids = walk_for_ids(session, owner_id, search, FEW + 1)
    if len(ids) <= FEW:
        return found_before(session, owner_id, search, ids)
    by_index, first = found_by_index(session, owner_id, search), _these(session, owner_id, ids[:FIRST])
    return Found(clients_of(owner_id, search), by_index=by_index, first=first)


def found_before(session: AnySession, owner_id: int, search: str, ids: Sequence[int]) -> Found:
    """What a search has found, all of whose ids are known."""
    few = _these(session, owner_id, ids) if len(ids) <= FEW else clients_of(owner_id, search)
    return Found(few, len(ids))


def counts_of(
    session: AnySession, owner_id: int, search: str, is_ahead: ColumnElement[bool] | None = None
) -> Counts:
    """How many clients there are, how many the search finds, and how many of those meet the condition: one walk."""
    if search.strip() or is_ahead is not None:
        return Counts(*walk_for_counts(session, owner_id, search, is_ahead))
    # Any index tells it.
    on_file = count_of(session, clients_of(owner_id))
    return Counts(on_file, on_file)


def _these(session: AnySession, owner_id: int, ids: Sequence[int]) -> Select[Client]:
    """Those of the owner's clients, looked up by id: for a page of them SQLite would go along the names of all."""
    return select(Client).where(off_index(Client.owner_id) == owner_id, is_among(session, Client.id, ids))
