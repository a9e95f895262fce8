"""Whom letters were for is found through the clients, and not by a look at all letters."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, select
from sqlalchemy.orm import Session

from mailer.domain.letters_by_address import ids_in_domain, ids_with_address
from mailer.models.mailings import Mailing
from mailer.models.users import User
from tests.support.factories import clients_with, recipients_of, started_mailing_of

pytestmark = pytest.mark.one_database("the pages' own tests run on both; these are the plans of SQLite")


@pytest.fixture
def plans(engine: Engine) -> Iterator[list[str]]:
    """How SQLite has answered each statement since; what it plans does not depend on how many rows there are."""
    told: list[str] = []

    def explain(connection: Connection, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if statement.startswith("SELECT"):
            told.extend(row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters))

    event.listen(engine, "before_cursor_execute", explain)
    yield told
    event.remove(engine, "before_cursor_execute", explain)


@pytest.fixture
def anna(session: Session, alice: User) -> int:
    """The one recipient in the domain, beside another."""
    mailing = started_mailing_of(alice, clients=clients_with(alice, "anna@rare.example", "boris@example.org"))
    [anna] = [recipient.id for recipient in recipients_of(mailing) if recipient.email == "anna@rare.example"]
    session.commit()
    return anna


def test_a_domain_is_found_through_the_clients_in_it(
    session: Session, alice: User, anna: int, plans: list[str]
) -> None:
    assert ids_in_domain(session, [Mailing.owner_id == alice.id], "rare.example", [], 10) == [anna]
    by_domain = "SEARCH clients USING COVERING INDEX ix_clients_domain (owner_id=? AND <expr>=?)"
    assert [plan for plan in plans if plan.startswith("SEARCH clients")] == [by_domain] * 2
    assert letters_looked_at(plans) == [
        "SEARCH recipients USING INDEX ix_recipients_client_id_mailing_id (client_id=?)",
        "SEARCH recipients USING INDEX ix_recipients_gone_address (mailing_id=? AND <expr>=?)",
    ]


def test_an_address_is_found_through_the_client_who_has_it(
    session: Session, alice: User, anna: int, plans: list[str]
) -> None:
    ids = ids_with_address([Mailing.owner_id == alice.id], "anna@rare.example").subquery()
    assert session.scalars(select(ids.c.id)).all() == [anna]
    assert letters_looked_at(plans) == [
        "SEARCH recipients USING INDEX ix_recipients_client_id_mailing_id (client_id=?)",
        "SEARCH recipients USING INDEX ix_recipients_gone_address "
        "(mailing_id=? AND <expr>=? AND email_key>? AND email_key<?)",
    ]


def letters_looked_at(plans: list[str]) -> list[str]:
    return [plan for plan in plans if "recipients" in plan]
