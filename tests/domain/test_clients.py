"""What the rules of clients promise beyond what the pages show."""

import pytest
from sqlalchemy.orm import Session

from mailer.domain.clients import change_client, client_with_email, last_letters
from mailer.domain.clock import database_now
from mailer.domain.errors import EmailTaken
from mailer.models.mailings import RecipientState
from mailer.models.users import User
from tests.support.factories import client_of, clients_with, recipients_of, settle, started_mailing_of


def test_a_refused_address_leaves_the_client_as_it_was_and_the_transaction_whole(
    session: Session, alice: User
) -> None:
    anna, oleg = clients_with(alice, "anna@example.org", "oleg@example.org")
    with pytest.raises(EmailTaken):
        change_client(session, oleg, "ANNA@example.org", "Somebody", "", database_now(session))
    assert (oleg.email, oleg.full_name) == ("oleg@example.org", "Oleg")
    client_of(alice, "irina@example.org")
    session.commit()


def test_a_refused_newcomer_leaves_the_transaction_whole(session: Session, alice: User) -> None:
    anna = client_of(alice, "anna@example.org")
    with pytest.raises(EmailTaken):
        client_of(alice, "Anna@example.org")
    assert client_with_email(session, alice.id, "anna@EXAMPLE.org") is anna


def test_a_name_that_grows_when_folded_can_be_kept(session: Session, alice: User) -> None:
    # Each of these letters becomes three when its case is folded.
    assert len(client_of(alice, full_name="ΐ" * 200).name_key) == 300


def test_the_last_letter_is_the_one_of_the_latest_mailing(session: Session, alice: User) -> None:
    anna, oleg, irina = clients_with(alice, "anna@example.org", "oleg@example.org", "irina@example.org")
    first = started_mailing_of(alice, clients=[anna, oleg])
    for recipient in recipients_of(first):
        settle(recipient, RecipientState.FAILED)
    settle(recipients_of(started_mailing_of(alice, clients=[anna]))[0], RecipientState.ACCEPTED)
    letters = last_letters(session, [anna, oleg, irina])
    assert {client_id: letter.state.value for client_id, letter in letters.items()} == {
        anna.id: "accepted",
        oleg.id: "failed",
    }
