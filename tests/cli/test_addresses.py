"""`flask export-address` and `flask erase-address`, for one owner and for all."""

import json

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.models.clients import Client
from mailer.models.mailings import RecipientState
from mailer.models.users import User
from tests.cli.test_sending import run
from tests.support.factories import clients_with, emails_of, recipients_of, started_mailing_of

ANNA = "anna@example.org"

pytestmark = pytest.mark.one_database("what is erased is the domain's, tested on both")


@pytest.fixture
def owners(session: Session, alice: User, bob: User) -> list[User]:
    for owner in (alice, bob):
        clients_with(owner, ANNA, "boris@example.org")
    return [alice, bob]


def on_file(session: Session) -> list[str]:
    return emails_of(list(session.scalars(select(Client).order_by(Client.id))))


def test_an_export_lists_each_owner_who_knows_the_address(app: Flask, session: Session, owners: list[User]) -> None:
    result = run(app, session, "export-address", "Anna@example.org")
    found = json.loads(result.output)
    assert [(entry["owner"], entry["client"]["email"]) for entry in found] == [
        ("alice@mailer.example", ANNA), ("bob@mailer.example", ANNA)
    ]
    result = run(app, session, "export-address", ANNA, "--owner", "bob@mailer.example")
    assert len(json.loads(result.output)) == 1


def test_an_address_is_erased_for_one_owner_or_for_all(app: Flask, session: Session, owners: list[User]) -> None:
    result = run(app, session, "erase-address", ANNA, "--owner", "bob@mailer.example", "--yes")
    assert result.exit_code == 0 and result.output.startswith("erased: 1 clients, 0 letters"), result.output
    assert on_file(session) == [ANNA, "boris@example.org", "boris@example.org"]
    run(app, session, "erase-address", ANNA, "--yes")
    assert on_file(session) == ["boris@example.org"] * 2


def test_nothing_is_erased_unasked_or_while_a_letter_is_under_way(
    app: Flask, session: Session, owners: list[User]
) -> None:
    assert run(app, session, "erase-address", ANNA).exit_code == 1
    mailing = started_mailing_of(owners[1])
    recipients_of(mailing)[0].state = RecipientState.BEGUN
    result = run(app, session, "erase-address", ANNA, "--yes")
    assert result.exit_code == 1 and "is being handed over" in result.output
    assert len(on_file(session)) == 4


def test_what_is_no_address_and_who_has_no_account_is_told(app: Flask, session: Session) -> None:
    assert "is not a mail address" in run(app, session, "erase-address", "anna", "--yes").output
    assert "has no account here" in run(app, session, "export-address", ANNA, "--owner", ANNA).output
