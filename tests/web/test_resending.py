"""Sending a completed mailing again: only by a person's word, only to those who were named."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from mailer.domain.clock import database_now
from mailer.domain.holds import hold_mailing, holds_on_mailing
from mailer.models.clients import SuppressionReason
from mailer.models.lanes import HoldKind
from mailer.models.mailings import Mailing, MailingStatus, RecipientState
from mailer.models.users import User
from tests.support.factories import completed_mailing_of, recipients_of, settle, started_mailing_of, states_of, suppress
from tests.support.redis_server import RedisServer
from tests.support.visitor import Visitor
from tests.support.windows import as_sent, window


@pytest.fixture
def mailing(alice: User) -> Mailing:
    """Two accepted, two failed, one unknown."""
    return completed_mailing_of(alice, accepted=2, failed=2, unknown=1)


def counts(mailing: Mailing) -> dict[str, int]:
    states = list(states_of(mailing).values())
    return {state: states.count(state) for state in set(states)}


def test_without_a_word_only_the_failed_are_written_to_again(
    as_alice: Visitor, session: Session, mailing: Mailing, redis_server: RedisServer
) -> None:
    answer = as_alice.post(f"/mailings/{mailing.id}/resend")
    assert answer.status_code == 303
    assert "Sending again to 2 recipients." in as_alice.get(answer.location).words
    session.refresh(mailing)
    assert (mailing.status, mailing.round) == (MailingStatus.STARTED, 2)
    assert timedelta(hours=23) < mailing.end_time - database_now(session) <= timedelta(days=1)
    assert counts(mailing) == {"accepted": 2, "pending": 2, "unknown": 1}
    assert redis_server.client.llen("rq:queue:lanes") == 1


def test_the_unknown_are_written_to_only_when_named(as_alice: Visitor, mailing: Mailing) -> None:
    as_alice.post(f"/mailings/{mailing.id}/resend", data={"states": ["unknown"]})
    assert counts(mailing) == {"accepted": 2, "failed": 2, "pending": 1}


def test_recipients_can_be_named_one_by_one(as_alice: Visitor, mailing: Mailing) -> None:
    one_failed = recipients_of(mailing, RecipientState.FAILED)[0]
    accepted = recipients_of(mailing, RecipientState.ACCEPTED)[0]
    as_alice.post(f"/mailings/{mailing.id}/resend", data={"recipient_ids": [one_failed.id, accepted.id, 10**20]})
    assert counts(mailing) == {"accepted": 2, "failed": 1, "pending": 1, "unknown": 1}


def test_the_recipients_of_another_mailing_are_left_alone(as_alice: Visitor, alice: User, mailing: Mailing) -> None:
    other = completed_mailing_of(alice, accepted=0, failed=1)
    page = as_alice.post(f"/mailings/{mailing.id}/resend", data={"recipient_ids": [recipients_of(other)[0].id]})
    assert page.status_code == 422 and counts(other) == {"failed": 1}


def test_the_window_is_chosen(as_alice: Visitor, session: Session, mailing: Mailing) -> None:
    chosen = window(starts_in=timedelta(hours=3), lasts=timedelta(hours=5))
    as_alice.post(f"/mailings/{mailing.id}/resend", data={"states": "failed", **chosen})
    session.refresh(mailing)
    assert {"start_time": as_sent(mailing.start_time), "end_time": as_sent(mailing.end_time)} == chosen


@pytest.mark.parametrize("times", [window(lasts=timedelta(hours=-1)), window(timedelta(hours=-2), timedelta(hours=1))])
def test_a_window_that_cannot_be_is_refused_at_its_field(
    as_alice: Visitor, session: Session, mailing: Mailing, times: dict[str, str]
) -> None:
    page = as_alice.post(f"/mailings/{mailing.id}/resend", data={"states": "failed", **times})
    assert page.status_code == 422 and page.has("#end_time-error")
    session.refresh(mailing)
    assert mailing.status is MailingStatus.COMPLETED and mailing.round == 1


@pytest.mark.parametrize("states", [[""], ["", "expired"], ["accepted"], ["pending", "nonsense"]])
def test_when_nobody_is_left_to_write_to_it_is_refused(
    as_alice: Visitor, session: Session, mailing: Mailing, states: list[str]
) -> None:
    page = as_alice.post(f"/mailings/{mailing.id}/resend", data={"states": states})
    assert page.status_code == 422 and "Nobody is left to write to" in page.words
    assert counts(mailing) == {"accepted": 2, "failed": 2, "unknown": 1}


def test_more_names_than_a_statement_can_hold_are_refused(as_alice: Visitor, mailing: Mailing) -> None:
    page = as_alice.post(f"/mailings/{mailing.id}/resend", data={"recipient_ids": list(range(1, 10_002))})
    assert page.status_code == 422 and "At most 10,000 recipients" in page.words


def test_a_mailing_under_way_is_not_sent_again(as_alice: Visitor, alice: User) -> None:
    answer = as_alice.post(f"/mailings/{started_mailing_of(alice).id}/resend")
    assert answer.status_code == 303
    assert "not completed yet" in as_alice.get(answer.location).words


def test_sending_again_twice_writes_once(as_alice: Visitor, session: Session, mailing: Mailing) -> None:
    as_alice.post(f"/mailings/{mailing.id}/resend")
    as_alice.post(f"/mailings/{mailing.id}/resend")
    session.refresh(mailing)
    assert mailing.round == 2


def test_the_question_says_how_many_and_warns_of_second_copies(as_alice: Visitor, mailing: Mailing) -> None:
    page = as_alice.get(f"/mailings/{mailing.id}/ask/resend")
    assert page.texts("fieldset .choice > span:last-child") == ["2", "1", "0"]
    assert [box["value"] for box in page.all("[name=states][checked]")] == ["failed"]
    assert "A second copy may reach them." in page.words
    assert page.one("[name=states][value=expired]").has_attr("disabled")


def test_whoever_must_not_be_written_to_any_more_is_left_out_and_stays_as_it_was(
    as_alice: Visitor, alice: User
) -> None:
    mailing = completed_mailing_of(alice, accepted=0, failed=2)
    first, second = recipients_of(mailing)
    suppress(alice, first.email.upper(), reason=SuppressionReason.HARD_FAILURE)
    page = as_alice.get(f"/mailings/{mailing.id}/ask/resend")
    assert page.texts("fieldset .choice > span:last-child") == ["1", "0", "0"]
    assert "less 1 who must not be written to" in page.words
    as_alice.post(f"/mailings/{mailing.id}/resend", data={"states": "failed"})
    assert states_of(mailing) == {first.email: "failed", second.email: "pending"}


def test_recipients_are_ticked_on_the_page_and_written_to_again_alone(as_alice: Visitor, mailing: Mailing) -> None:
    page = as_alice.get(f"/mailings/{mailing.id}")
    ticks = page.all("#recipients [name=recipient_ids][form=chosen]")
    assert len(ticks) == 3
    question = as_alice.get(f"/mailings/{mailing.id}/ask/resend?recipient_ids={ticks[0]['value']}")
    assert "To the 1 recipient whom you have ticked." in question.words
    assert not question.has("[name=states]")
    sent = {field["name"]: field["value"] for field in question.all("form input[type=hidden][name=recipient_ids]")}
    as_alice.post(f"/mailings/{mailing.id}/resend", data=sent)
    assert counts(mailing)["pending"] == 1


def test_nobody_can_be_ticked_while_a_mailing_runs(as_alice: Visitor, alice: User) -> None:
    assert not as_alice.get(f"/mailings/{started_mailing_of(alice).id}").has("[name=recipient_ids]")


def test_the_page_shows_each_round_and_counts_an_accepted_recipient_once(
    as_alice: Visitor, session: Session, mailing: Mailing
) -> None:
    assert not as_alice.get(f"/mailings/{mailing.id}").has("#rounds")
    as_alice.post(f"/mailings/{mailing.id}/resend", data={"states": ["failed", "unknown"]})
    session.expire_all()
    for recipient in recipients_of(mailing, RecipientState.PENDING):
        settle(recipient, RecipientState.ACCEPTED if recipient.id % 2 else RecipientState.FAILED)
    page = as_alice.get(f"/mailings/{mailing.id}")
    rows = [row.get_text(" ", strip=True).split() for row in page.all("#rounds tbody tr")]
    assert [row[-1] for row in rows] == ["3", "–"]
    assert page.texts("#rounds tbody tr:first-child td.num") == ["2", "2", "1", "0", "3"]
    accepted, failed = counts(mailing)["accepted"], counts(mailing)["failed"]
    assert page.texts("#rounds tbody tr:last-child td.num") == [str(accepted), str(failed), "0", "0", "–"]
    assert accepted + failed == 5
    assert "Total 5" in page.words


def test_sending_again_ends_a_hold_for_bad_results(as_alice: Visitor, session: Session, mailing: Mailing) -> None:
    now = database_now(session)
    hold_mailing(session, mailing.id, HoldKind.BAD_RESULTS, now, reason="20 10 0")
    as_alice.post(f"/mailings/{mailing.id}/resend")
    session.rollback()
    assert holds_on_mailing(session, mailing.id, now) == []


def test_htmx_gets_the_region_or_the_question_with_its_error(as_alice: Visitor, mailing: Mailing) -> None:
    refused = as_alice.post(f"/mailings/{mailing.id}/resend", data={"states": ""}, htmx=True)
    assert refused.status_code == 422 and refused.has("form #question") and not refused.has("html")
    done = as_alice.post(f"/mailings/{mailing.id}/resend", data={"states": "failed"}, htmx=True)
    assert done.status_code == 200 and done.one("#live")["hx-trigger"] == "every 2s"


def test_somebody_elses_question_is_not_found(as_bob: Visitor, mailing: Mailing) -> None:
    assert as_bob.get(f"/mailings/{mailing.id}/ask/resend").status_code == 404
