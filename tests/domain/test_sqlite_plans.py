"""SQLite goes the way that is meant: it plans without statistics, and of ways that look alike to it takes any.

So its plans do not depend on how many rows there are, and a wrong one shows among few already.
"""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from mailer.domain.attempt_log import NEWEST, AttemptLog
from mailer.domain.attempts import AttemptFilter
from mailer.domain.finding import find_clients
from mailer.domain.letters_by_address import ids_in_domain, ids_with_address
from mailer.models.clients import Client
from mailer.models.mailings import Mailing, Recipient
from mailer.models.users import User
from tests.support.factories import attempt_on, client_of, clients_with, recipients_of, started_mailing_of
from tests.support.statements import plans_of

pytestmark = pytest.mark.one_database("the pages' own tests run on both; these are the plans of SQLite")


@pytest.fixture
def plans(engine: Engine) -> Iterator[list[list[str]]]:
    with plans_of(engine) as plans:
        yield plans


@pytest.fixture
def anna(session: Session, alice: User) -> Recipient:
    """The one recipient in the domain, beside another."""
    mailing = started_mailing_of(alice, clients=clients_with(alice, "anna@rare.example", "boris@example.org"))
    [anna] = [recipient for recipient in recipients_of(mailing) if recipient.email == "anna@rare.example"]
    session.commit()
    session.refresh(anna)
    return anna


def test_a_domain_is_found_through_the_clients_in_it(
    session: Session, alice: User, anna: Recipient, plans: list[list[str]]
) -> None:
    assert ids_in_domain(session, [Mailing.owner_id == alice.id], "rare.example", [], 10) == [anna.id]
    by_domain = "SEARCH clients USING COVERING INDEX ix_clients_domain (owner_id=? AND <expr>=?)"
    assert [step for step in steps(plans) if step.startswith("SEARCH clients")] == [by_domain] * 2
    assert letters_looked_at(plans) == [
        "SEARCH recipients USING INDEX ix_recipients_client_id_mailing_id (client_id=?)",
        "SEARCH recipients USING INDEX ix_recipients_gone_address (mailing_id=? AND <expr>=?)",
    ]


def test_an_address_is_found_through_the_client_who_has_it(
    session: Session, alice: User, anna: Recipient, plans: list[list[str]]
) -> None:
    ids = ids_with_address([Mailing.owner_id == alice.id], "anna@rare.example").subquery()
    assert session.scalars(select(ids.c.id)).all() == [anna.id]
    assert letters_looked_at(plans) == [
        "SEARCH recipients USING INDEX ix_recipients_client_id_mailing_id (client_id=?)",
        "SEARCH recipients USING INDEX ix_recipients_gone_address "
        "(mailing_id=? AND <expr>=? AND email_key>? AND email_key<?)",
    ]


def test_a_page_of_the_log_begins_with_the_newest_attempts(
    session: Session, alice: User, anna: Recipient, plans: list[list[str]]
) -> None:
    """However many mailings there are: SQLite would look into each of them."""
    attempt_on(anna)
    log = AttemptLog(session, [Mailing.owner_id == alice.id], AttemptFilter())
    assert log.page(NEWEST, 0).has_more
    assert [
        "SEARCH attempts USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)",
        "SEARCH mailings USING INTEGER PRIMARY KEY (rowid=?)",
    ] in plans


def test_a_page_of_the_clients_who_were_found_is_looked_up_by_their_ids(
    session: Session, alice: User, plans: list[list[str]]
) -> None:
    """Whoever comes last in the list too: SQLite would go along the names of all."""
    client_of(alice, "anna@example.org", "Anna")
    page = find_clients(session, alice.id, "anna").clients.order_by(Client.name_key, Client.id).limit(50)
    assert [client.full_name for client in session.scalars(page)] == ["Anna"]
    assert plans[-1][0] == "SEARCH clients USING INTEGER PRIMARY KEY (rowid=?)"


def letters_looked_at(plans: list[list[str]]) -> list[str]:
    return [step for step in steps(plans) if "recipients" in step]


def steps(plans: list[list[str]]) -> list[str]:
    return [step for plan in plans for step in plan]
