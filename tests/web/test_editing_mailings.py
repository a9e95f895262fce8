"""Changing a mailing that has not started, in its row or on its page."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from mailer.domain.booking import selected_client_ids
from mailer.models.mailings import Audience, Mailing
from mailer.models.users import User
from tests.support.factories import clients_with, completed_mailing_of, mailing_of, message_of, started_mailing_of
from tests.support.redis_server import RedisServer
from tests.support.visitor import Visitor
from tests.support.windows import as_sent, window


@pytest.fixture
def mailing(alice: User) -> Mailing:
    return mailing_of(alice, clients=clients_with(alice, "anna@example.org", "boris@example.org"))


def test_the_form_shows_the_mailing_as_it_is(as_alice: Visitor, mailing: Mailing) -> None:
    page = as_alice.get(f"/mailings/{mailing.id}/edit")
    fields = page.fields()
    assert fields["message_id"] == str(mailing.message_id)
    assert fields["audience"] == "selected"
    assert fields["start_time"] == as_sent(mailing.start_time)
    assert len(fields["client_ids"]) == 2


def test_sending_the_form_as_it_is_changes_nothing(as_alice: Visitor, session: Session, mailing: Mailing) -> None:
    before = sorted(selected_client_ids(session, mailing))
    fields = as_alice.get(f"/mailings/{mailing.id}/edit").fields()
    answer = as_alice.post(f"/mailings/{mailing.id}/edit", data=fields)
    session.refresh(mailing)
    assert answer.status_code == 303 and answer.location == f"/mailings/{mailing.id}"
    assert mailing.audience is Audience.SELECTED
    assert sorted(selected_client_ids(session, mailing)) == before


def test_a_new_window_is_kept_and_booked_in_place_of_the_old_one(
    as_alice: Visitor, session: Session, mailing: Mailing, redis_server: RedisServer
) -> None:
    new_window = window(starts_in=timedelta(days=2))
    for times in (window(starts_in=timedelta(days=1)), new_window):
        as_alice.post(
            f"/mailings/{mailing.id}/edit", data={"message_id": mailing.message_id, "audience": "all", **times}
        )
    session.refresh(mailing)
    assert as_sent(mailing.start_time) == new_window["start_time"] and mailing.audience is Audience.ALL
    ((job, due),) = redis_server.client.zrange("rq:scheduler:scheduled_jobs", 0, -1, withscores=True)
    assert job == f"start-mailing-{mailing.id}".encode() and int(due) == int(mailing.start_time.timestamp())


def test_an_invalid_change_is_refused_and_leaves_the_mailing_as_it_was(
    as_alice: Visitor, session: Session, mailing: Mailing
) -> None:
    start_time = mailing.start_time
    changed = {"message_id": mailing.message_id, "audience": "all", **window(lasts=timedelta(minutes=-1))}
    assert as_alice.post(f"/mailings/{mailing.id}/edit", data=changed).status_code == 422
    nobody = {"message_id": mailing.message_id, "audience": "selected", **window()}
    assert as_alice.post(f"/mailings/{mailing.id}/edit", data=nobody).status_code == 422
    session.refresh(mailing)
    assert mailing.start_time == start_time and len(selected_client_ids(session, mailing)) == 2


def test_editing_with_somebody_elses_message_is_refused(as_alice: Visitor, mailing: Mailing, bob: User) -> None:
    changed = {"message_id": message_of(bob).id, "audience": "all", **window()}
    assert as_alice.post(f"/mailings/{mailing.id}/edit", data=changed).status_code == 422


def test_htmx_edits_the_row_in_place(as_alice: Visitor, mailing: Mailing) -> None:
    url = f"/mailings/{mailing.id}/edit"
    form = as_alice.get(url, htmx=True)
    assert form.one("tr.row-form")["id"] == f"mailing-{mailing.id}"
    fields = form.fields("form")
    assert fields["audience"] == "selected"
    row = as_alice.post(url, data={**fields, **window(starts_in=timedelta(days=3))}, htmx=True)
    assert row.status_code == 200 and row.one("tr")["id"] == f"mailing-{mailing.id}"
    assert "to 2 recipients" in row.words


def test_cancel_brings_the_row_back(as_alice: Visitor, mailing: Mailing) -> None:
    in_the_list = {"HX-Current-URL": "http://localhost/mailings/"}
    row = as_alice.get(f"/mailings/{mailing.id}", htmx=True, headers=in_the_list)
    assert row.one("tr")["id"] == f"mailing-{mailing.id}"


def test_a_started_mailing_cannot_be_edited_and_the_page_says_why(as_alice: Visitor, alice: User) -> None:
    for mailing in (started_mailing_of(alice), completed_mailing_of(alice)):
        url = f"/mailings/{mailing.id}/edit"
        data = {"message_id": mailing.message_id, "audience": "all", **window()}
        for method in ("GET", "POST"):
            answer = as_alice.open(url, method=method, data=data)
            assert answer.status_code == 303 and answer.location == f"/mailings/{mailing.id}"
            assert "has started, so it cannot be edited" in as_alice.get(answer.location).words
        assert as_alice.get(url, htmx=True).headers["HX-Redirect"] == f"/mailings/{mailing.id}"


def test_somebody_elses_mailing_is_not_found(as_bob: Visitor, mailing: Mailing) -> None:
    assert as_bob.get(f"/mailings/{mailing.id}/edit").status_code == 404
    assert as_bob.post(f"/mailings/{mailing.id}/edit", data=window()).status_code == 404


def test_a_mailing_that_does_not_exist_is_not_found(as_alice: Visitor) -> None:
    for mailing_id in (0, 999, 2**63 - 1, 2**64):
        assert as_alice.get(f"/mailings/{mailing_id}/edit").status_code == 404
