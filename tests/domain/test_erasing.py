"""Erasing an address: it is nowhere any more, nothing else has changed, and it cannot come back."""

import io
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from mailer.delivery.summing import sum_mailing
from mailer.domain.audit import Actor, Thing, record
from mailer.domain.books import books_of
from mailer.domain.clients import add_client, change_client, client_with_email, clients_of
from mailer.domain.clock import database_now
from mailer.domain.dossiers import dossier_of, traces_of
from mailer.domain.erased import is_erased, is_placeholder
from mailer.domain.erasing import erase_address, eraser
from mailer.domain.errors import AddressErased, NothingToResend, StillSending
from mailer.domain.holds import hold_account
from mailer.domain.importing import Problem, RefusedLine, import_clients
from mailer.domain.progress import Start, claim_start, complete_if_settled, resend
from mailer.domain.proving import differences, ticket_of
from mailer.domain.suppression_files import suppress_file
from mailer.domain.suppressions import suppress
from mailer.models.audit import Action, ThingKind
from mailer.models.clients import SuppressionReason
from mailer.models.lanes import HoldKind
from mailer.models.mailings import AttemptStatus, Mailing, Recipient, RecipientState, Verdict
from mailer.models.users import User
from tests.domain.conftest import InTurn
from tests.support.factories import (
    attempt_on,
    clients_with,
    mailing_of,
    message_of,
    recipients_of,
    settle,
    started_mailing_of,
    states_of,
)

ANNA = "Anna.Belova@пример.example"
OTHER = "boris@example.org"


@pytest.fixture
def mailing(session: Session, alice: User) -> Mailing:
    """A completed mailing in which Anna is refused with her address, and everything else that names her."""
    now = database_now(session)
    mailing = started_mailing_of(alice, message=message_of(alice, "News"), clients=clients_with(alice, ANNA, OTHER))
    anna, boris = recipients_of(mailing)
    reply = "5.1.1 <anna.belova@xn--e1afmkfd.example>: Anna.Belova is unknown here"
    attempt_on(anna, AttemptStatus.FAILED, Verdict.RECIPIENT, 550, reply)
    anna.state, anna.tries = RecipientState.FAILED, 1
    settle(boris, RecipientState.ACCEPTED)
    complete_if_settled(session, mailing.id)
    suppress(session, alice.id, ANNA, SuppressionReason.HARD_FAILURE, now, mailing_id=mailing.id)
    hold_account(session, HoldKind.BLOCKED, now, reason=f"550 {ANNA} is not ours", code=550, until=None)
    who = Actor("192.0.2.1", alice.id, alice.email)
    record(session, Action.SUPPRESS, who, now, Thing(ThingKind.SUPPRESSION, ANNA))
    record(session, Action.EXPORT, who, now, Thing(ThingKind.CLIENTS), f"search {ANNA}")
    session.commit()
    return mailing


def texts_of_all_tables(engine: Engine) -> Iterator[tuple[str, str]]:
    """Every value of every row, with the name of its table."""
    with engine.connect() as connection:
        is_sqlite = engine.dialect.name == "sqlite"
        tables = (
            "SELECT name FROM sqlite_master WHERE type = 'table'"
            if is_sqlite
            else "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        )
        for (name,) in connection.execute(text(tables)).all():
            for row in connection.execute(text(f"SELECT * FROM {name}")):
                yield from ((name, str(value)) for value in row)


def test_an_erased_address_is_nowhere_any_more(engine: Engine, session: Session, alice: User, mailing: Mailing) -> None:
    erased = erase_address(session, alice.id, ANNA.lower(), database_now(session))
    session.commit()
    assert (erased.clients, erased.letters, erased.suppressions, erased.entries) == (1, 1, 1, 2)
    found = [(name, value) for name, value in texts_of_all_tables(engine) if "belova" in value.casefold()]
    assert found == []


def test_an_address_that_a_client_had_before_is_erased_where_its_letters_went(
    engine: Engine, session: Session, alice: User, mailing: Mailing
) -> None:
    now = database_now(session)
    client = client_with_email(session, alice.id, ANNA)
    assert client is not None
    change_client(session, client, "anna@example.net", "", "", now)
    session.commit()
    assert traces_of(session, alice.id, ANNA).letters == 1
    erased = erase_address(session, alice.id, ANNA, now)
    session.commit()
    assert (erased.clients, erased.letters) == (0, 1)
    assert [value for _name, value in texts_of_all_tables(engine) if "belova" in value.casefold()] == []
    assert client_with_email(session, alice.id, "anna@example.net") is client


def test_books_sums_and_everybody_else_stay_as_they_were(
    engine: Engine, session: Session, alice: User, mailing: Mailing
) -> None:
    mailing_id = mailing.id
    session.commit()
    sum_mailing(engine, mailing_id)
    before = books_of(session, mailing)
    session.commit()
    erase_address(session, alice.id, ANNA, database_now(session))
    session.commit()
    assert books_of(session, mailing) == before
    assert ticket_of(session, mailing_id) is None
    session.commit()
    sum_mailing(engine, mailing_id)
    assert books_of(session, mailing) == before
    anna, boris = recipients_of(mailing)
    assert is_placeholder(anna.email) and anna.state is RecipientState.FAILED and anna.full_name == ""
    assert (boris.email, boris.full_name) == (OTHER, "Boris")
    assert [client.email for client in session.scalars(clients_of(alice.id))] == [OTHER]
    assert ticket_of(session, mailing_id) is not None and differences(session, mailing_id) == []


def test_no_door_lets_an_erased_address_in_again(session: Session, alice: User, bob: User, mailing: Mailing) -> None:
    now = database_now(session)
    erase_address(session, alice.id, ANNA, now)
    with pytest.raises(AddressErased):
        add_client(session, alice.id, ANNA.upper().replace("ПРИМЕР", "xn--e1afmkfd"), "", "", now)
    boris = session.scalars(clients_of(alice.id)).one()
    with pytest.raises(AddressErased):
        change_client(session, boris, ANNA, "", "", now)
    file = io.BytesIO(f"email\n{ANNA}\nnew@example.org\n".encode())
    (batch,) = import_clients(session, alice.id, file, now)
    assert batch.added == 1 and batch.refused == [RefusedLine(2, Problem.ERASED)]
    assert not suppress(session, alice.id, ANNA, SuppressionReason.BY_HAND, now)
    report = suppress_file(session, alice.id, io.BytesIO(ANNA.encode()), now)
    assert (report.added, report.known) == (0, 1)
    assert set(states_of(started_mailing_of(alice))) == {OTHER, "new@example.org"}
    assert traces_of(session, alice.id, ANNA).are_none and is_erased(session, alice.id, ANNA)
    # What one owner was asked to forget is no matter of another's.
    add_client(session, bob.id, ANNA, "", "", now)


def test_a_letter_that_has_not_begun_is_never_sent(session: Session, alice: User) -> None:
    mailing = started_mailing_of(alice, clients=clients_with(alice, ANNA, OTHER))
    anna, _boris = recipients_of(mailing)
    erase_address(session, alice.id, ANNA, database_now(session))
    session.refresh(anna)
    assert anna.state is RecipientState.SUPPRESSED and anna.client_id is None


@pytest.mark.parametrize("state", [RecipientState.CLAIMED, RecipientState.BEGUN])
def test_nothing_is_erased_while_a_letter_is_being_handed_over(
    session: Session, alice: User, state: RecipientState
) -> None:
    (anna,) = recipients_of(started_mailing_of(alice, clients=clients_with(alice, ANNA)))
    anna.state = state
    session.commit()
    with pytest.raises(StillSending):
        erase_address(session, alice.id, ANNA, database_now(session))
    session.rollback()
    assert anna.email == ANNA and not is_erased(session, alice.id, ANNA)


def test_a_lane_in_the_middle_of_its_turn_is_not_waited_for(
    engine: Engine, session: Session, alice: User, database_kind: str
) -> None:
    (anna,) = recipients_of(started_mailing_of(alice, clients=clients_with(alice, ANNA)))
    owner_id, anna_id = alice.id, anna.id
    session.commit()
    if database_kind == "sqlite":
        pytest.skip("one transaction writes at a time")
    with Session(engine) as lane, pytest.raises(StillSending):
        lane.execute(select(Recipient).where(Recipient.id == anna_id).with_for_update())
        erase_address(session, owner_id, ANNA, database_now(session))
    session.rollback()


@pytest.mark.parametrize("is_erased_first", [True, False])
def test_an_address_that_is_erased_in_the_moment_of_a_start_is_not_in_its_recipients(
    session: Session, alice: User, in_turn: InTurn, is_erased_first: bool
) -> None:
    mailing = mailing_of(alice, starts_in=-timedelta(seconds=1), clients=clients_with(alice, ANNA, OTHER))
    owner_id, mailing_id, now = alice.id, mailing.id, database_now(session)
    session.commit()

    def erase(session: Session) -> None:
        erase_address(session, owner_id, ANNA, now)

    def start(session: Session) -> None:
        assert claim_start(session, mailing_id, now) is Start.STARTED

    in_turn(*((erase, start) if is_erased_first else (start, erase)))
    session.expire_all()
    states = sorted(recipient.state.value for recipient in recipients_of(mailing))
    assert states == (["pending"] if is_erased_first else ["pending", "suppressed"])
    assert not any(recipient.email == ANNA for recipient in recipients_of(mailing))


def test_an_erased_recipient_is_not_sent_to_again(session: Session, alice: User, mailing: Mailing) -> None:
    now = database_now(session)
    erase_address(session, alice.id, ANNA, now)
    session.expire_all()
    with pytest.raises(NothingToResend):
        resend(session, mailing, [RecipientState.FAILED], now, mailing.end_time, now)


def test_erasing_twice_finds_nothing_the_second_time(session: Session, alice: User, mailing: Mailing) -> None:
    now = database_now(session)
    erase_address(session, alice.id, ANNA, now)
    again = erase_address(session, alice.id, ANNA, now)
    assert (again.clients, again.letters, again.suppressions, again.entries) == (0, 0, 0, 0)


def test_what_another_owner_has_stays(session: Session, alice: User, bob: User, mailing: Mailing) -> None:
    his = started_mailing_of(bob, clients=clients_with(bob, ANNA))
    erase_address(session, alice.id, ANNA, database_now(session))
    session.expire_all()
    assert [recipient.email for recipient in recipients_of(his)] == [ANNA]
    assert traces_of(session, bob.id, ANNA).client is not None


@pytest.mark.parametrize(
    ("reply", "left"),
    [
        ("5.1.1 <anna@example.org>: unknown", "5.1.1 <<>>: unknown"),
        ("no mailbox ANNA here", "no mailbox <> here"),
        ("no mailbox annabel, see joanna@example.org", "no mailbox annabel, see joanna@example.org"),
        ("see https://mx.example/?to=anna%40example.org", "see https://mx.example/?to=<>"),
    ],
)
def test_a_servers_words_lose_the_address_and_nothing_else(reply: str, left: str) -> None:
    assert eraser("anna@example.org", "anna@example.org")(reply) == left


def test_a_short_name_is_no_word_to_be_erased() -> None:
    assert eraser("ok@example.org", "ok@example.org")("2.0.0 Ok: queued") == "2.0.0 Ok: queued"


def test_the_audit_log_can_lose_an_address_and_nothing_else(engine: Engine, session: Session, mailing: Mailing) -> None:
    for change in (
        "note = 'something else'",
        "thing_name = '[erased]', place = 'elsewhere'",
        "action = 'login', note = '[erased]'",
    ):
        with pytest.raises(DatabaseError), engine.begin() as connection:
            connection.execute(text(f"UPDATE audit_log SET {change}"))
    with pytest.raises(DatabaseError), engine.begin() as connection:
        connection.execute(text("DELETE FROM audit_log"))


def test_a_dossier_has_all_that_is_known_of_an_address(session: Session, alice: User, mailing: Mailing) -> None:
    dossier = dossier_of(session, alice.id, ANNA, database_now(session))
    assert dossier["client"]["full_name"] == "Anna.Belova"
    (letter,) = dossier["letters"]
    assert letter["state"] == "failed" and letter["subject"] == "News"
    assert letter["attempts"][0]["code"] == 550 and "Anna.Belova" in letter["attempts"][0]["reply"]
    assert [entry["reason"] for entry in dossier["suppressions"]] == ["hard_failure"]
    assert [entry["action"] for entry in dossier["audit_log"]] == ["suppress", "export"]
    assert dossier["is_erased"] is False
    nothing = dossier_of(session, alice.id, "nobody@example.org", database_now(session))
    assert nothing["client"] is None and nothing["letters"] == [] and nothing["audit_log"] == []


def test_the_key_of_an_installation_is_made_once(session: Session, alice: User) -> None:
    now = database_now(session)
    for email in ("a1@example.org", "a2@example.org"):
        erase_address(session, alice.id, email, now)
    keys = session.execute(select(text("value FROM shared_settings WHERE name = 'ERASED_KEY'"))).all()
    assert len(keys) == 1 and len(keys[0][0]) == 64
    assert is_erased(session, alice.id, "a1@example.org") and not is_erased(session, alice.id, "a3@example.org")
