"""Whom a search has found are the clients of whoever searches, also where their ids are known."""

import pytest
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
