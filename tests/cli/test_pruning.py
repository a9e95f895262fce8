"""`flask prune-attempts`, and what the pages say of what is gone."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update
from sqlalchemy.orm import Session

from mailer.domain.clock import database_now
from mailer.models.mailings import Attempt, Mailing
from mailer.models.users import User
from tests.cli.test_sending import run
from tests.support.factories import attempt_on, client_of, completed_mailing_of, recipients_of
from tests.support.visitor import Visitor


@pytest.fixture
def old_mailing(session: Session, alice: User) -> Mailing:
    """Completed two years ago, with one attempt from then and another from today."""
    mailing = completed_mailing_of(alice, accepted=0, failed=1)
    two_years = timedelta(days=730)
    mailing.started_at = database_now(session) - two_years
    (recipient,) = recipients_of(mailing)
    attempt_on(recipient, attempted_at=mailing.started_at)
    return mailing


def test_how_many_went_is_said(app: Flask, session: Session, old_mailing: Mailing) -> None:
    result = run(app, session, "prune-attempts", "--older-than", "365d")
    assert result.exit_code == 0, result.output
    assert result.output.startswith("1 attempt from before ")


@pytest.mark.parametrize("age", ["0d", "-1d", "abc", "365", "", "1.5d", "99999d", "٣d"])
def test_what_is_no_age_is_refused_in_plain_words(app: Flask, session: Session, old_mailing: Mailing, age: str) -> None:
    result = run(app, session, "prune-attempts", "--older-than", age)
    assert result.exit_code == 2
    assert "Write a number of days, as in 365d." in result.output


def test_without_an_age_nothing_goes(app: Flask, session: Session, old_mailing: Mailing) -> None:
    assert run(app, session, "prune-attempts").exit_code == 2


def test_pages_say_that_old_attempts_were_removed(
    app: Flask, session: Session, as_alice: Visitor, alice: User
) -> None:
    mailing = completed_mailing_of(alice, accepted=0, failed=1)
    mailing.started_at = database_now(session) - timedelta(days=9)
    (recipient,) = recipients_of(mailing)
    client_id = recipient.client_id
    words = "were removed."
    urls = (f"/mailings/{mailing.id}", f"/clients/{client_id}", "/attempts/")
    assert all(words not in as_alice.get(url).words for url in urls)
    age_attempts(session, days=8)
    run(app, session, "prune-attempts", "--older-than", "7d")
    assert all(words in as_alice.get(url).words for url in urls)
    assert "5.1.1" not in as_alice.get(f"/mailings/{mailing.id}").words


def test_someone_who_was_never_tried_has_lost_nothing(
    app: Flask, session: Session, as_alice: Visitor, alice: User
) -> None:
    client = client_of(alice)
    run(app, session, "prune-attempts", "--older-than", "7d")
    assert "were removed." not in as_alice.get(f"/clients/{client.id}").words


def age_attempts(session: Session, *, days: int) -> None:
    session.execute(update(Attempt).values(attempted_at=database_now(session) - timedelta(days=days)))
