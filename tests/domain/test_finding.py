"""Whom a search has found is looked up by id, and not along the names of all clients."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from mailer.domain.finding import Found, find_clients, found_before
from mailer.models.clients import Client
from mailer.models.users import User
from tests.support.factories import client_of

BY_NAME = Client.name_key, Client.id


@pytest.fixture
def found(session: Session, alice: User, bob: User) -> Found:
    """A search that finds the last two in the list; Bob has one whom it would find too."""
    for name in ("Anna", "Boris", "Vera Shop", "Zoe Shop"):
        client_of(alice, f"{name[:4].strip()}@example.org", name)
    client_of(bob, "vera@example.org", "Vera Shop")
    session.commit()
    return find_clients(session, alice.id, "shop")


def test_it_is_the_owners_clients(session: Session, alice: User, bob: User, found: Found) -> None:
    names = [client.full_name for client in session.scalars(found.clients.order_by(*BY_NAME))]
    assert (names, found.count) == (["Vera Shop", "Zoe Shop"], 2)
    ids = [client.id for client in session.scalars(found.clients)]
    assert session.scalars(found_before(session, bob.id, "shop", ids).clients).all() == []


@pytest.mark.one_database("PostgreSQL does so by itself")
def test_a_page_of_those_who_come_last_is_found_without_a_walk_over_all(session: Session, found: Found) -> None:
    page = found.clients.order_by(*BY_NAME).limit(50)
    statement = page.compile(session.get_bind().engine, compile_kwargs={"literal_binds": True})
    [clients, *_rest] = session.execute(text(f"EXPLAIN QUERY PLAN {statement}".replace(":", "\\:"))).all()
    assert clients.detail == "SEARCH clients USING INTEGER PRIMARY KEY (rowid=?)"
