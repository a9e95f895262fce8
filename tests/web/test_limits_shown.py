"""What the pages say of the account's limits: how much is used, when it goes on, and if the window is long enough."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from mailer.delivery.ledger import ledger_of
from mailer.domain.clock import database_now
from mailer.models.mailings import Mailing
from mailer.models.users import User
from tests.delivery.conftest import write_anew
from tests.support.application import AppMaker
from tests.support.factories import client_of, mailing_of, message_of, started_mailing_of
from tests.support.visitor import Visitor, visitor
from tests.support.windows import window


@pytest.fixture
def as_alice(make_app: AppMaker, session: Session, alice: User) -> Visitor:
    """On an account that may send ten letters a day."""
    return visitor(make_app(MAIL_LIMITS="10/day"), session, alice)


def clients(alice: User, count: int) -> None:
    for _ in range(count):
        client_of(alice)


def facts(visitor: Visitor, mailing: Mailing) -> str:
    return " ".join(visitor.get(f"/mailings/{mailing.id}").texts("#books .facts > div"))


def test_a_window_that_is_too_short_is_said_before_the_start(as_alice: Visitor, alice: User) -> None:
    clients(alice, 30)
    told = facts(as_alice, mailing_of(alice, lasts=timedelta(days=1)))
    assert "30 recipients at 10 a day need 4 days; the window is 1 day." in told
    assert "0 of 10 a day" in told


def test_the_form_warns_while_it_is_filled_in(as_alice: Visitor, alice: User) -> None:
    clients(alice, 30)
    form = {"message_id": str(message_of(alice).id), "audience": "all", "act": "preview"}
    short = as_alice.post("/mailings/new", data=form | window(lasts=timedelta(days=1)), htmx=True)
    assert "30 recipients at 10 a day need 4 days; the window is 1 day." in short.words
    long = as_alice.post("/mailings/new", data=form | window(lasts=timedelta(days=5)), htmx=True)
    assert "Takes 3 d or" in long.words and "need 4 days" not in long.words


def test_the_page_says_what_is_used_and_when_it_goes_on(as_alice: Visitor, alice: User, session: Session) -> None:
    clients(alice, 3)
    mailing = started_mailing_of(alice, lasts=timedelta(days=3))
    session.commit()
    write_anew(session)
    now = database_now(session)
    ledger_of(session).put(4, now.timestamp())
    mailing.wakes_at = now + timedelta(hours=2)
    told = facts(as_alice, mailing)
    assert "4 of 10 a day" in told and "Goes on" in told
    assert "Waits for room in the account’s limits" in as_alice.get(f"/mailings/{mailing.id}").words


def test_without_limits_nothing_is_said_of_them(make_app: AppMaker, session: Session, alice: User) -> None:
    clients(alice, 3)
    as_alice = visitor(make_app(), session, alice)
    assert "limits" not in facts(as_alice, mailing_of(alice))
