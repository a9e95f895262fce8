"""`flask rebuild-sums`: sums at once, and their proof."""

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.domain.proving import ticket_of
from mailer.models.mailings import Mailing
from mailer.models.sums import MailingSums, ReplySums
from mailer.models.users import User
from tests.cli.test_sending import run
from tests.support.factories import completed_mailing_of, started_mailing_of


@pytest.fixture
def mailings(session: Session, alice: User, bob: User) -> list[Mailing]:
    """Two that are completed, and one under way."""
    return [completed_mailing_of(alice, failed=1), completed_mailing_of(bob), started_mailing_of(bob)]


def test_completed_mailings_are_summed_and_proven(app: Flask, session: Session, mailings: list[Mailing]) -> None:
    result = run(app, session, "rebuild-sums")
    assert (result.exit_code, result.output) == (0, "2 mailings summed.\n")
    assert [ticket_of(session, mailing.id) is not None for mailing in mailings] == [True, True, False]
    result = run(app, session, "rebuild-sums", "--check")
    assert (result.exit_code, result.output) == (0, "The sums of 2 mailings are what their rows come to.\n")


def test_a_check_without_sums_says_so_and_makes_none(app: Flask, session: Session, mailings: list[Mailing]) -> None:
    result = run(app, session, "rebuild-sums", "--check")
    assert result.exit_code == 0
    assert "2 mailings have no sums yet" in result.output
    assert session.scalar(select(MailingSums.mailing_id)) is None


def test_a_wrong_sum_is_named_and_put_right_by_the_next_rebuild(
    app: Flask, session: Session, mailings: list[Mailing]
) -> None:
    run(app, session, "rebuild-sums")
    head = session.get_one(MailingSums, mailings[0].id)
    head.accepted = 7
    reply = session.scalars(select(ReplySums).where(ReplySums.code == 550)).one()
    reply.attempts = 3
    result = run(app, session, "rebuild-sums", "--check")
    assert result.exit_code == 1
    number = mailings[0].id
    assert f"Mailing {number}, recipients accepted: 7 in the sums, 1 in the rows." in result.output
    answer = "failed, recipient, 550, 5.1.1 User unknown"
    assert f"Mailing {number}, attempts answered with {answer}: 3 in the sums, 1 in the rows." in result.output
    assert "The sums of 1 mailing are what its rows come to." in result.output
    assert run(app, session, "rebuild-sums").exit_code == 0
    assert run(app, session, "rebuild-sums", "--check").exit_code == 0
