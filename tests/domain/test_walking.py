"""What a walk along the index of names finds and counts is what a look at every client would."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from mailer.domain.clients import clients_of
from mailer.domain.walking import found_by_index, walk_for_counts, walk_for_ids
from mailer.models.clients import Client
from mailer.models.users import User
from mailer.web.pagination import Sorting
from tests.support.factories import client_of
from tests.support.statements import plans_of

# The index of PostgreSQL has room for 300 characters of name, address and comment.
COMMENTS = {
    "Anna Bell": "blocks",
    "Белла": "x" * 250 + " blocks " + "y" * 250,
    "Carl": "x" * 290 + " blocks",
    "Dora": "x" * 400 + " blocks 🌷",
    "Eve": "y" * 400,
    "Finn": "",
}
SEARCHES = ("", "blocks", "BELL", "белла", "🌷", "yyy", "example.org", "z", "%", "_")
ORDERS = (
    Sorting(Client.name_key, Client.id),
    Sorting(Client.email_key, Client.id),
    Sorting(Client.id, Client.id, is_descending=True),
)


@pytest.fixture
def clients(session: Session, alice: User, charlie: User) -> list[Client]:
    for owner in (charlie, alice):
        for number, (name, comment) in enumerate(COMMENTS.items()):
            # Neither the ids nor the addresses are in the order of the names.
            client_of(owner, f"client{number * 5 % 6}@example.org", name, comment)
    session.commit()
    return list(session.scalars(clients_of(alice.id)))


def matches(client: Client, search: str) -> bool:
    return search.casefold() in f"{client.full_name}\n{client.email}\n{client.comment}".casefold()


@pytest.mark.parametrize("search", SEARCHES)
def test_finds_whom_the_search_finds_wherever_it_stands(
    session: Session, alice: User, clients: list[Client], search: str
) -> None:
    by_name = sorted(clients, key=lambda client: (client.name_key, client.id))
    wanted = [client.id for client in by_name if matches(client, search)]
    if search:
        assert list(walk_for_ids(session, alice.id, search, 100)) == wanted
        assert list(walk_for_ids(session, alice.id, search, 2)) == wanted[:2]
    assert tuple(walk_for_counts(session, alice.id, search, None)) == (len(clients), len(wanted), 0)


@pytest.mark.parametrize("order", ORDERS, ids=("name", "email", "newest"))
@pytest.mark.parametrize("search", ("", "blocks", "y"))
def test_counts_who_lies_ahead_in_any_order(
    session: Session, alice: User, clients: list[Client], order: Sorting, search: str
) -> None:
    in_order = list(session.scalars(clients_of(alice.id).order_by(*order.order_by())))
    found = [client for client in in_order if matches(client, search)]
    for place in in_order:
        is_ahead = order.reversed().beyond([getattr(place, column.key) for column in order.columns])
        ahead = sum(matches(client, search) for client in in_order[: in_order.index(place)])
        assert tuple(walk_for_counts(session, alice.id, search, is_ahead)) == (len(in_order), len(found), ahead)


def test_postgresql_reads_the_index_of_names_alone(session: Session, alice: User, clients: list[Client]) -> None:
    """Not because there are few clients: it is told to go along the names, in whose order nothing else is."""
    if session.get_bind().dialect.name != "postgresql":
        pytest.skip("SQLite takes the index by itself")
    session.execute(text("SET LOCAL enable_sort = off"))
    with plans_of(session.get_bind().engine) as plans:
        walk_for_ids(session, alice.id, "blocks", 10)
        walk_for_counts(session, alice.id, "blocks", None)
        by_index = found_by_index(session, alice.id, "blocks")
        assert by_index is not None
        session.scalars(by_index.with_only_columns(Client.id).order_by(*ORDERS[0].order_by()).limit(2)).all()
    assert len(plans) == 3
    assert all("Index Only Scan using ix_clients_owner_id_name_key_id" in "\n".join(plan) for plan in plans), plans
