"""One recipient's page: every step with the server's words, what a provider is told, and who may see it."""

from datetime import timedelta

import pytest

from mailer.attempts.complaints import queue_id_in
from mailer.domain.clock import database_now
from mailer.models.mailings import AttemptStatus, RecipientState, Verdict
from mailer.models.users import User
from tests.support.factories import (
    attempt_on,
    clients_with,
    completed_mailing_of,
    message_of,
    recipients_of,
    session_of,
    settle,
    started_mailing_of,
    suppress,
)
from tests.support.visitor import Visitor
from tests.web.conftest import CountQueries


def test_the_story_is_told_in_its_order(as_alice: Visitor, alice: User) -> None:
    mailing = started_mailing_of(alice, message=message_of(alice, "News"), clients=clients_with(alice, "a@example.org"))
    (anna,) = recipients_of(mailing)
    attempt_on(anna, AttemptStatus.DEFERRED, Verdict.TEMPORARY, 451, "4.7.1 Greylisted")
    settle(anna, RecipientState.ACCEPTED)
    page = as_alice.get(f"/attempts/recipients/{anna.id}")
    queued, first, second = page.texts("#story .verdict")
    assert "queued" in queued
    assert "451 4.7.1 Greylisted" in first and "takes the letter at the second try" in first
    assert "250 2.0.0 Ok: queued as 1A2B3C" in second and "News" in page.words


def test_whose_side_it_is_on_is_told_only_where_something_went_wrong(as_alice: Visitor, alice: User) -> None:
    mailing = completed_mailing_of(alice, accepted=1, failed=1)
    for recipient in recipients_of(mailing):
        page = as_alice.get(f"/attempts/recipients/{recipient.id}")
        has_failed = recipient.state is RecipientState.FAILED
        assert ("the recipient’s side" in page.words) is has_failed and "nobody’s fault" not in page.words
        assert page.has(".complaint[open]") is has_failed


def test_what_a_provider_is_told_names_the_letter_in_its_own_headers(as_alice: Visitor, alice: User) -> None:
    mailing = started_mailing_of(alice, message=message_of(alice, "News"), clients=clients_with(alice, "a@example.org"))
    (anna,) = recipients_of(mailing)
    settle(anna, RecipientState.ACCEPTED)
    lines = as_alice.get(f"/attempts/recipients/{anna.id}").one("pre").get_text().splitlines()
    told = dict(line.split(": ", 1) for line in lines)
    assert told["To"] == "a@example.org" and told["Subject"] == "News" and "From" in told and "Date" in told
    assert told["Message-ID"] == f"<{mailing.id}.{anna.id}@mailer.example>"
    assert told["Answer"] == "250 2.0.0 Ok: queued as 1A2B3C" and told["Queue-ID"] == "1A2B3C"


@pytest.mark.parametrize(
    ("reply", "queue_id"),
    [
        ("2.0.0 Ok: queued as 4Xk2pT3zQ9z1", "4Xk2pT3zQ9z1"),
        ("2.0.0 Ok: queued on mx.example as 1700000000-AbCdEf", None),
        ("OK id=1qXyZ-0001-Ab", "1qXyZ-0001-Ab"),
        ("2.6.0 <1@x> [InternalId=123456, Hostname=A] Queued mail for delivery", "123456"),
        ("2.0.0 OK  1700000000 a1-20020a05b.12 - gsmtp", "1700000000 a1-20020a05b.12"),
        ("5.1.1 User unknown", None),
    ],
)
def test_the_servers_own_name_of_the_letter_is_found(reply: str, queue_id: str | None) -> None:
    assert queue_id_in(reply) == queue_id


def test_a_letter_to_be_tried_again_says_when(as_alice: Visitor, alice: User) -> None:
    (anna,) = recipients_of(started_mailing_of(alice))
    attempt_on(anna, AttemptStatus.DEFERRED, Verdict.TEMPORARY, 451, "later")
    anna.next_attempt_at = database_now(session_of(anna)) + timedelta(minutes=9)
    assert "to be tried again" in as_alice.get(f"/attempts/recipients/{anna.id}").texts("#story .verdict")[-1]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (RecipientState.PENDING, "Waits for its turn."),
        (RecipientState.BEGUN, "is being handed over now"),
        (RecipientState.EXPIRED, "The window closed before"),
        (RecipientState.SUPPRESSED, "The client was deleted before"),
    ],
)
def test_a_recipient_without_a_try_says_why(as_alice: Visitor, alice: User, state: RecipientState, words: str) -> None:
    (anna,) = recipients_of(started_mailing_of(alice))
    anna.state = state
    assert words in as_alice.get(f"/attempts/recipients/{anna.id}").one("#story").get_text()


def test_who_said_no_and_what_else_went_to_the_address_stand_there_too(
    as_alice: Visitor, alice: User, bob: User
) -> None:
    clients = clients_with(alice, "anna@example.org")
    first = started_mailing_of(alice, message=message_of(alice, "First"), clients=clients)
    second = started_mailing_of(alice, message=message_of(alice, "Second"), clients=clients)
    started_mailing_of(bob, message=message_of(bob, "Bob's"), clients=clients_with(bob, "anna@example.org"))
    suppress(alice, "anna@example.org")
    page = as_alice.get(f"/attempts/recipients/{recipients_of(second)[0].id}")
    assert "unsubscribed" in page.one("#story").get_text()
    assert page.one("#others tbody a")["href"] == f"/attempts/recipients/{recipients_of(first)[0].id}"
    assert "Bob's" not in page.words


def test_the_lists_lead_to_the_story(as_alice: Visitor, alice: User) -> None:
    mailing = completed_mailing_of(alice)
    (anna,) = recipients_of(mailing)
    for path in ("/attempts/", f"/mailings/{mailing.id}", f"/clients/{anna.client_id}"):
        assert as_alice.get(path).has(f"a[href='/attempts/recipients/{anna.id}']"), path


def test_a_moderator_sees_the_story_with_its_owner_and_others_do_not(
    as_manager: Visitor, as_bob: Visitor, anonymous: Visitor, alice: User
) -> None:
    (anna,) = recipients_of(completed_mailing_of(alice))
    url = f"/attempts/recipients/{anna.id}"
    page = as_manager.get(url)
    assert page.status_code == 200 and "Alice" in page.words and not page.has(f"a[href='/clients/{anna.client_id}']")
    assert as_bob.get(url).status_code == 404
    assert as_bob.get("/attempts/recipients/999999").status_code == 404
    assert anonymous.get(url).location.startswith("/auth/login")


def test_the_story_asks_few_questions(as_alice: Visitor, alice: User, count_queries: CountQueries) -> None:
    (anna,) = recipients_of(completed_mailing_of(alice))
    for _try in range(5):
        attempt_on(anna)
    with count_queries() as queries:
        as_alice.get(f"/attempts/recipients/{anna.id}")
    assert len(queries) <= 8
