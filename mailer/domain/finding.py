"""Finding clients among very many: a search looks at each of them, so it is made once for all that a page shows."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select

from mailer.domain.chosen_ids import is_among
from mailer.domain.clients import clients_of, count_found, count_of
from mailer.models.clients import Client
from mailer.models.transactions import AnySession

# So many rows are quickly put in order. Where more are found among 100,000, a page of them is full after a few thousand
# in any order.
FEW = 1000


@dataclass(frozen=True)
class Found:
    """The clients that a search finds, and how many, where that came out on the way."""

    clients: Select[Client]
    count: int | None = None


@dataclass(frozen=True)
class Counts:
    """How many clients there are, and how many of them a search finds."""

    on_file: int
    found: int


def find_clients(session: AnySession, owner_id: int, search: str) -> Found:
    """This owner's clients that match the search, all of them where there is none.

    One statement asks which they are, and stops where it has found more than FEW; only those are looked for again.
    """
    if not search.strip():
        return Found(clients_of(owner_id))
    matching = clients_of(owner_id, search)
    ids = list(session.scalars(matching.with_only_columns(Client.id).limit(FEW + 1)))
    return Found(_these(session, owner_id, search, ids), len(ids)) if len(ids) <= FEW else Found(matching)


def found_before(session: AnySession, owner_id: int, search: str, ids: Sequence[int]) -> Found:
    """What a search has found, all of whose ids are known."""
    return Found(_these(session, owner_id, search, ids), len(ids))


def counts_of(session: AnySession, owner_id: int, search: str, found: Found) -> Counts:
    """The counts of what was found; one walk over all clients where neither is known."""
    if search.strip() and found.count is None:
        return Counts(*count_found(session, owner_id, search))
    on_file = count_of(session, clients_of(owner_id))
    return Counts(on_file, on_file if found.count is None else found.count)


def _these(session: AnySession, owner_id: int, search: str, ids: Sequence[int]) -> Select[Client]:
    few = clients_of(owner_id).where(is_among(session, Client.id, ids))
    return few if len(ids) <= FEW else clients_of(owner_id, search)
