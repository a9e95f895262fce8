"""The audit log: what is written down, and that nothing is ever changed or deleted."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from mailer.domain.audit import COMMAND_LINE, Actor, AuditFilter, Thing, audit_entries, is_recorded, record
from mailer.domain.reports import Period
from mailer.models.audit import Action, AuditEntry, ThingKind
from mailer.models.users import User
from tests.support.factories import client_of, mailing_of, message_of

ALICE = Actor("192.0.2.7", 1, "alice@mailer.example")


def entries(session: Session, **wanted: object) -> list[AuditEntry]:
    # What is wanted are fields of the filter, which no type says of a dictionary.
    return list(session.scalars(audit_entries(AuditFilter(**wanted)).order_by(AuditEntry.id)))


def test_a_line_says_who_did_what_to_which_thing_when_and_from_where(
    session: Session, alice: User, now: datetime
) -> None:
    mailing = mailing_of(alice, message=message_of(alice, "News"))
    record(session, Action.PAUSE, Actor("192.0.2.7", alice.id, alice.email), now, mailing, "for a while")
    entry = entries(session)[0]
    assert (entry.actor_id, entry.actor_email, entry.place) == (alice.id, "alice@mailer.example", "192.0.2.7")
    assert (entry.action, entry.thing_kind, entry.thing_id) == (Action.PAUSE, ThingKind.MAILING, mailing.id)
    assert (entry.thing_name, entry.note, entry.happened_at) == ("News", "for a while", now)


def test_each_kind_of_row_is_named(session: Session, alice: User, now: datetime) -> None:
    client, message = client_of(alice, "anna@example.org", "Anna"), message_of(alice, "News")
    for thing in (alice, client, message, mailing_of(alice, message=message), Thing(ThingKind.ACCOUNT, "smtp.example")):
        record(session, Action.DELETE, COMMAND_LINE, now, thing)
    named = [(entry.thing_kind, entry.thing_name) for entry in entries(session)]
    assert named == [
        (ThingKind.USER, "alice@mailer.example"),
        (ThingKind.CLIENT, "anna@example.org"),
        (ThingKind.MESSAGE, "News"),
        (ThingKind.MAILING, "News"),
        (ThingKind.ACCOUNT, "smtp.example"),
    ]


def test_what_a_stranger_types_is_cut_and_cleaned(session: Session, now: datetime) -> None:
    record(session, Action.LOGIN_FAILED, Actor("192.0.2.7" * 50, email="nul\0\x1b" + "x" * 5000), now)
    entry = entries(session)[0]
    assert entry.actor_email.startswith("nul��x") and len(entry.actor_email) == 320
    assert len(entry.place) == 64


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET note = 'nothing happened'",
        "UPDATE audit_log SET actor_id = NULL WHERE actor_id = 1",
        "DELETE FROM audit_log",
        "DELETE FROM audit_log WHERE happened_at < CURRENT_TIMESTAMP",
    ],
)
def test_the_database_refuses_to_change_or_delete_a_line(session: Session, now: datetime, statement: str) -> None:
    record(session, Action.BLOCK, ALICE, now - timedelta(days=1))
    session.commit()
    with pytest.raises(DBAPIError, match="only ever added to"):
        session.execute(text(statement))
    session.rollback()
    assert len(entries(session)) == 1


def test_a_line_outlives_the_person_and_the_thing_it_names(session: Session, alice: User, now: datetime) -> None:
    mailing = mailing_of(alice)
    record(session, Action.PAUSE, Actor("192.0.2.7", alice.id, alice.email), now, mailing)
    session.commit()
    user_id = alice.id
    session.execute(delete(User).where(User.id == user_id))
    session.commit()
    entry = entries(session)[0]
    assert (entry.actor_id, entry.actor_email, entry.thing_name) == (user_id, "alice@mailer.example", "The shop moves")


def test_an_act_that_is_rolled_back_leaves_no_line(session: Session, now: datetime) -> None:
    record(session, Action.BLOCK, ALICE, now)
    session.rollback()
    assert session.scalar(select(AuditEntry)) is None


def test_lines_are_found_by_person_thing_reason_place_and_in_any_case(session: Session, now: datetime) -> None:
    record(session, Action.DISABLE, ALICE, now, Thing(ThingKind.MAILING, "Открытие", 31), "Спам")
    record(session, Action.LOGIN, Actor("198.51.100.1", 2, "bob@mailer.example"), now)
    for search in ("ALICE@", "открыт", "спам", "192.0.2.7"):
        assert [entry.action for entry in entries(session, search=search)] == [Action.DISABLE], search
    assert entries(session, search="%") == []


def test_lines_are_found_by_action_thing_and_period(session: Session, now: datetime) -> None:
    for days, id_ in ((3, 30), (2, 31), (1, 31)):
        record(session, Action.PAUSE, ALICE, now - timedelta(days=days), Thing(ThingKind.MAILING, "News", id_))
    record(session, Action.BLOCK, ALICE, now, Thing(ThingKind.USER, "bob@mailer.example", 31))
    assert len(entries(session, action=Action.PAUSE)) == 3
    assert len(entries(session, thing_kind=ThingKind.MAILING, thing_id=31)) == 2
    period = Period(now - timedelta(days=2), now - timedelta(days=1))
    assert [entry.happened_at for entry in entries(session, period=period)] == [now - timedelta(days=2)]


def test_it_can_be_asked_whether_something_was_done(session: Session, now: datetime) -> None:
    record(session, Action.START, ALICE, now, Thing(ThingKind.MAILING, "News", 31))
    assert is_recorded(session, Action.START, Thing(ThingKind.MAILING, id=31))
    assert not is_recorded(session, Action.START, Thing(ThingKind.MAILING, id=32))
    assert not is_recorded(session, Action.PAUSE, Thing(ThingKind.MAILING, id=31))
