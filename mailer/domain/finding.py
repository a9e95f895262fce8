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
    """The clients that a search finds; what is None was not counted on the way."""

    clients: Select[Client]
    count: int | None = None
    on_file: int | None = None


def find_clients(session: AnySession, owner_id: int, search: str, *, with_on_file: bool = False) -> Found:
    """This owner's clients that match the search, all of them where there is none.

    The first of two statements asks which they are, and stops where it has found more than FEW; only those are looked
    for again. The second one counts what is not known by then.
    """
    if not search.strip():
        return Found(clients_of(owner_id))
    matching = clients_of(owner_id, search)
    ids = list(session.scalars(matching.with_only_columns(Client.id).limit(FEW + 1)))
    if len(ids) <= FEW:
        on_file = count_of(session, clients_of(owner_id)) if with_on_file else None
        return Found(_these(session, owner_id, search, ids), len(ids), on_file)
    on_file, count = count_found(session, owner_id, search)
    return Found(matching, count, on_file)


def found_before(session: AnySession, owner_id: int, search: str, ids: Sequence[int]) -> Found:
    """What a search has found, all of whose ids are known."""
    return Found(_these(session, owner_id, search, ids), len(ids))


def _these(session: AnySession, owner_id: int, search: str, ids: Sequence[int]) -> Select[Client]:
    few = clients_of(owner_id).where(is_among(session, Client.id, ids))
    return few if len(ids) <= FEW else clients_of(owner_id, search)
