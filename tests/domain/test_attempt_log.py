"""A page of the log is the same as a plain select would find, whichever way it is found, and so are all its pages."""

import random
from datetime import timedelta

import pytest
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from mailer.domain.attempt_log import NEWEST, AttemptLog, Place
from mailer.domain.attempts import NO_CODE, AttemptFilter, of_attempts, of_mailings, of_recipients
from mailer.domain.clients import change_client, clients_of, delete_clients
from mailer.domain.clock import database_now
from mailer.domain.reports import Period
from mailer.models.clients import Client
from mailer.models.mailings import Attempt, AttemptStatus, Mailing, Recipient, Verdict
from mailer.models.users import User
from tests.support.factories import attempt_on, clients_with, recipients_of, started_mailing_of

KINDS = (
    (AttemptStatus.SUCCESS, Verdict.ACCEPTED, 250),
    (AttemptStatus.FAILED, Verdict.RECIPIENT, 550),
    (AttemptStatus.FAILED, Verdict.CONTENT, 554),
    (AttemptStatus.DEFERRED, Verdict.TEMPORARY, 451),
    (AttemptStatus.UNKNOWN, Verdict.UNKNOWN, None),
)


DOMAINS = ("one.example", "two.org", "three.example")


@pytest.fixture
def owners(session: Session, alice: User, bob: User) -> list[User]:
    """Two owners whose mailings run at the same time, so that their attempts lie among each other's.

    Of their clients one moves to another domain, one moves there and back, and one is taken off the file.
    """
    draw, now, recipients = random.Random(5), database_now(session), []
    for owner in (alice, bob):
        clients = clients_with(owner, *(f"{name}@{domain}" for name in "abc" for domain in DOMAINS[:2]))
        for _ in range(3):
            recipients += recipients_of(started_mailing_of(owner, clients=clients))
            move(session, clients[0], "a@three.example" if clients[0].email == "a@one.example" else "a@one.example")
            move(session, clients[1], "moved@one.example")
        delete_clients(session, clients_of(owner.id).where(Client.id == clients[2].id), now)
    for _number in range(150):
        at = now + timedelta(minutes=draw.randrange(600))
        attempt_on(draw.choice(recipients), *draw.choice(KINDS), attempted_at=at)
    return [alice, bob]


def move(session: Session, client: Client, email: str) -> None:
    change_client(session, client, email, client.full_name, client.comment, database_now(session))


def cases(session: Session) -> list[AttemptFilter]:
    now = database_now(session)
    some_hours = Period(now + timedelta(hours=2), now + timedelta(hours=7))
    mailing_id = session.scalars(select(Mailing.id)).first()
    return [
        AttemptFilter(),
        AttemptFilter(mailing_id=mailing_id),
        AttemptFilter(status=AttemptStatus.FAILED),
        AttemptFilter(status=AttemptStatus.SUCCESS, period=some_hours),
        AttemptFilter(verdict=Verdict.CONTENT, code=554),
        AttemptFilter(verdict=Verdict.CONTENT, code=550),
        AttemptFilter(code=NO_CODE),
        AttemptFilter(code=250),
        AttemptFilter(domain="two.org"),
        AttemptFilter(domain="two.org", status=AttemptStatus.DEFERRED, address="a@"),
        AttemptFilter(domain="one.example", mailing_id=mailing_id),
        AttemptFilter(domain="three.example"),
        AttemptFilter(address="b@one.example", period=some_hours),
        *(AttemptFilter(address=f"{name}@{domain}") for name in ("a", "moved") for domain in DOMAINS),
        AttemptFilter(address="one", mailing_id=mailing_id),
        AttemptFilter(address="nobody"),
    ]


def plain(session: Session, scope: list[ColumnElement[bool]], wanted: AttemptFilter) -> list[int]:
    ids = (
        select(Attempt.id)
        .join(Recipient, Recipient.id == Attempt.recipient_id)
        .join(Mailing, Mailing.id == Attempt.mailing_id)
        .where(*scope, *of_mailings(wanted), *of_attempts(wanted), *of_recipients(wanted))
    )
    return list(session.scalars(ids.order_by(Attempt.id.desc())))


def walked(log: AttemptLog, place: Place) -> list[int]:
    """The ids of all pages, from a place on in its direction."""
    seen: list[int] = []
    while True:
        page = log.page(place, 7)
        ids = [attempt.id for attempt, _recipient, _mailing in page.rows]
        assert len(ids) <= 7
        seen = ids + seen if place.is_upwards else seen + ids
        if page.has_more:
            place = Place(ids[0] if place.is_upwards else ids[-1], place.is_upwards)
        elif page.reading:
            place = Place(page.reading.attempt_id, place.is_upwards)
        else:
            return seen


@pytest.mark.parametrize("whose", ["one owner's", "everybody's"])
@pytest.mark.parametrize("most_recipients", [1000, 3])
def test_the_pages_hold_what_a_plain_select_finds(
    session: Session, owners: list[User], whose: str, most_recipients: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So that reading takes several steps, that a glance is enough for some pages, and that a domain is a large one.
    monkeypatch.setattr("mailer.domain.attempt_log.MOST_READ", 20)
    monkeypatch.setattr("mailer.domain.attempt_log.GLANCE", 16)
    monkeypatch.setattr("mailer.domain.attempt_log.MOST_RECIPIENTS", most_recipients)
    scope = [Mailing.owner_id == owners[0].id] if whose == "one owner's" else []
    for wanted in cases(session):
        log, expected = AttemptLog(session, scope, wanted), plain(session, scope, wanted)
        assert walked(log, NEWEST) == expected, wanted
        if expected:
            assert walked(log, Place(expected[-1], is_upwards=True)) == expected[:-1], wanted
        count = log.page(NEWEST, 7).count
        assert count is None or (count.number, count.is_exact) == (len(expected), True), wanted


def test_nothing_of_somebody_elses_is_found(session: Session, owners: list[User], charlie: User) -> None:
    for wanted in cases(session):
        page = AttemptLog(session, [Mailing.owner_id == charlie.id], wanted).page(NEWEST, 7)
        assert page.rows == [] and page.reading is None
