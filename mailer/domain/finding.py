"""Finding clients among very many: a search looks at each of them, so it is made once for all that a page shows."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select

from mailer.domain.chosen_ids import is_among
from mailer.domain.clients import clients_of, count_of
from mailer.domain.walking import walk_for_counts, walk_for_ids
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
    return found_before(session, owner_id, search, ids) if len(ids) <= FEW else Found(clients_of(owner_id, search))


def found_before(session: AnySession, owner_id: int, search: str, ids: Sequence[int]) -> Found:
    """What a search has found, all of whose ids are known."""
    return Found(_these(session, owner_id, search, ids), len(ids))


def counts_of(
    session: AnySession, owner_id: int, search: str, found: Found, is_ahead: ColumnElement[bool] | None = None
) -> Counts:
    """The counts of what was found; one walk over all clients where none of them is known.

    `is_ahead` is the condition of lying ahead of the place in the list that is wanted; None for the list's beginning,
    and where it is known how many were found.
    """
    everybody = clients_of(owner_id)
    if found.count is not None:
        return Counts(count_of(session, everybody), found.count)
    if not search.strip() and is_ahead is None:
        # An index alone tells it, and no row is looked at.
        on_file = count_of(session, everybody)
        return Counts(on_file, on_file)
    return Counts(*walk_for_counts(session, owner_id, search, is_ahead))


def _these(session: AnySession, owner_id: int, search: str, ids: Sequence[int]) -> Select[Client]:
    few = clients_of(owner_id).where(is_among(session, Client.id, ids))
    return few if len(ids) <= FEW else clients_of(owner_id, search)
