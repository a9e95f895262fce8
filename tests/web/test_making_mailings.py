"""Making a mailing: what is refused and where, what is saved, and what is booked."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.domain.booking import selected_client_ids
from mailer.models.clients import SuppressionReason
from mailer.models.mailings import Audience, Mailing, MailingStatus
from mailer.models.messages import Message
from mailer.models.users import User
from tests.support.factories import client_of, clients_with, mailing_of, message_of, suppress
from tests.support.redis_server import RedisServer
from tests.support.visitor import Visitor
from tests.support.windows import as_sent, window
from tests.web.conftest import CountQueries


@pytest.fixture
def message(alice: User) -> Message:
    return message_of(alice, "The shop moves")


def to_all(message: Message, **changes: Any) -> dict[str, Any]:
    return {"message_id": message.id, "audience": "all", **window(), **changes}


def the_mailing(session: Session) -> Mailing:
    session.expire_all()
    return session.scalars(select(Mailing)).one()


def error_at(page: Any, field_id: str) -> str:
    return str(page.one(f"#{field_id}-error").get_text(" ", strip=True))


def test_a_mailing_to_all_clients_is_saved_and_shown(
    as_alice: Visitor, session: Session, alice: User, message: Message
) -> None:
    client_of(alice)
    answer = as_alice.post("/mailings/new", data=to_all(message))
    mailing = the_mailing(session)
    assert answer.status_code == 303 and answer.location == f"/mailings/{mailing.id}"
    assert (mailing.status, mailing.audience, mailing.message_id) == (MailingStatus.CREATED, Audience.ALL, message.id)
    assert "Saved. It starts by itself" in as_alice.get(answer.location).words


def test_the_times_are_those_of_the_users_zone(
    as_alice: Visitor, session: Session, alice: User, message: Message
) -> None:
    alice.time_zone = "Asia/Yekaterinburg"
    client_of(alice)
    as_alice.post("/mailings/new", data=to_all(message, start_time="2040-03-01T10:00", end_time="2040-03-01T12:30:15"))
    mailing = the_mailing(session)
    assert mailing.start_time == datetime(2040, 3, 1, 5, 0, tzinfo=UTC)
    assert mailing.end_time == datetime(2040, 3, 1, 7, 30, 15, tzinfo=UTC)
    page = as_alice.get(f"/mailings/{mailing.id}/edit")
    assert page.one("[name=start_time]")["value"] == "2040-03-01T10:00"
    assert "Yekaterinburg" in page.words


def test_a_start_ahead_is_booked_in_redis(
    as_alice: Visitor, session: Session, alice: User, message: Message, redis_server: RedisServer
) -> None:
    client_of(alice)
    as_alice.post("/mailings/new", data=to_all(message))
    booked = redis_server.client.zrange("rq:scheduler:scheduled_jobs", 0, -1)
    assert booked == [f"start-mailing-{the_mailing(session).id}".encode()]


def test_a_start_that_has_passed_means_now(
    as_alice: Visitor, alice: User, message: Message, redis_server: RedisServer
) -> None:
    client_of(alice)
    answer = as_alice.post("/mailings/new", data=to_all(message, **window(starts_in=timedelta(hours=-1))))
    assert "It starts now" in as_alice.get(answer.location).words
    assert redis_server.client.llen("rq:queue:starts") == 1


def test_without_redis_the_mailing_is_saved_and_the_page_says_that_it_waits(
    as_alice: Visitor, session: Session, alice: User, message: Message, redis_server: RedisServer
) -> None:
    client_of(alice)
    redis_server.kill()
    answer = as_alice.post("/mailings/new", data=to_all(message))
    assert answer.status_code == 303 and the_mailing(session)
    assert "sending waits until it is back" in as_alice.get(answer.location).words


def test_an_end_before_the_start_is_refused_at_its_field(
    as_alice: Visitor, session: Session, alice: User, message: Message
) -> None:
    client_of(alice)
    page = as_alice.post("/mailings/new", data=to_all(message, **window(lasts=timedelta(hours=-1))))
    assert page.status_code == 422
    assert error_at(page, "end_time") == "The end must come after the start. Choose a later one."
    assert page.one("[name=end_time]")["aria-describedby"] == "end_time-error"
    assert session.scalar(select(Mailing.id)) is None


def test_a_window_that_is_over_is_refused(as_alice: Visitor, session: Session, alice: User, message: Message) -> None:
    client_of(alice)
    over = window(starts_in=timedelta(hours=-3), lasts=timedelta(hours=1))
    page = as_alice.post("/mailings/new", data=to_all(message, **over))
    assert page.status_code == 422
    assert error_at(page, "end_time") == "This end has passed. Choose a later one."
    assert session.scalar(select(Mailing.id)) is None


@pytest.mark.parametrize("text", ["", "soon", "2030-02-30T10:00", "2030-01-01", "99999-01-01T10:00"])
def test_a_time_that_is_none_is_refused_and_kept_in_the_field(
    as_alice: Visitor, alice: User, message: Message, text: str
) -> None:
    client_of(alice)
    page = as_alice.post("/mailings/new", data=to_all(message, start_time=text))
    assert page.status_code == 422 and error_at(page, "start_time")
    assert page.one("[name=start_time]").get("value", "") == text


def test_somebody_elses_message_is_refused_at_its_field(as_alice: Visitor, alice: User, bob: User) -> None:
    client_of(alice)
    page = as_alice.post("/mailings/new", data=to_all(message_of(bob)))
    assert page.status_code == 422
    assert error_at(page, "message-page") == "Choose one of your messages."


@pytest.mark.parametrize("message_id", ["", "0", "-1", "abc", "9" * 30, "1.5"])
def test_a_message_that_does_not_exist_is_refused(as_alice: Visitor, alice: User, message_id: str) -> None:
    client_of(alice)
    page = as_alice.post("/mailings/new", data={"message_id": message_id, "audience": "all", **window()})
    assert page.status_code == 422 and error_at(page, "message-page")


def test_without_any_client_nothing_is_made(as_alice: Visitor, session: Session, message: Message) -> None:
    page = as_alice.post("/mailings/new", data=to_all(message))
    assert page.status_code == 422
    assert "At least one recipient is needed" in error_at(page, "audience")
    assert session.scalar(select(Mailing.id)) is None


@pytest.mark.parametrize("audience", ["", "some"])
def test_an_audience_that_does_not_exist_is_refused(
    as_alice: Visitor, alice: User, message: Message, audience: str
) -> None:
    client_of(alice)
    page = as_alice.post("/mailings/new", data=to_all(message, audience=audience))
    assert page.status_code == 422 and error_at(page, "audience")


def test_selected_clients_are_kept_and_those_of_others_passed_over(
    as_alice: Visitor, session: Session, alice: User, bob: User, message: Message
) -> None:
    anna, boris, _vera = clients_with(alice, "anna@example.org", "boris@example.org", "vera@example.org")
    chosen = [anna.id, boris.id, client_of(bob).id, 10**15, 10**25]
    answer = as_alice.post("/mailings/new", data=to_all(message, audience="selected", client_ids=chosen))
    assert answer.status_code == 303
    mailing = the_mailing(session)
    assert sorted(selected_client_ids(session, mailing)) == [anna.id, boris.id]


@pytest.mark.parametrize("client_ids", [[], ["999999"], ["x"]])
def test_nobody_selected_is_refused(
    as_alice: Visitor, session: Session, alice: User, message: Message, client_ids: list[str]
) -> None:
    client_of(alice)
    page = as_alice.post("/mailings/new", data=to_all(message, audience="selected", client_ids=client_ids))
    assert page.status_code == 422
    assert "At least one recipient is needed" in error_at(page, "audience")
    assert session.scalar(select(Mailing.id)) is None


def test_the_page_says_how_many_letters_would_go_out(as_alice: Visitor, alice: User) -> None:
    clients_with(alice, "anna@example.org", "boris@example.org")
    suppress(alice, "boris@example.org")
    page = as_alice.get("/mailings/new")
    assert page.one("#summary .figure").get_text() == "1"
    assert "2 clients less 1 who must not be written to: 1 has unsubscribed" in page.words


def test_each_who_is_left_out_is_counted_once_by_the_weightiest_reason(as_alice: Visitor, alice: User) -> None:
    clients_with(alice, "anna@example.org", "boris@example.org", "vera@example.org")
    suppress(alice, "anna@example.org", "boris@example.org", reason=SuppressionReason.BY_HAND)
    suppress(alice, "boris@example.org", reason=SuppressionReason.COMPLAINT)
    page = as_alice.get("/mailings/new")
    assert page.one("#summary .figure").get_text() == "1"
    assert "1 has complained 1 was left out by hand" in page.words


def test_a_message_can_be_chosen_by_the_address(as_alice: Visitor, alice: User, message: Message) -> None:
    message_of(alice, "Another")
    page = as_alice.get(f"/mailings/new?message_id={message.id}")
    assert page.one("option[selected]").get_text() == "The shop moves"


def test_the_form_offers_only_ones_own_messages(as_alice: Visitor, message: Message, bob: User) -> None:
    message_of(bob, "Secret")
    assert as_alice.get("/mailings/new").texts("[name=message_id] option") == ["Choose a message", "The shop moves"]


def test_htmx_makes_a_mailing_in_the_list_and_shows_a_toast(
    as_alice: Visitor, session: Session, alice: User, message: Message
) -> None:
    client_of(alice)
    assert as_alice.get("/mailings/new", htmx=True).one("form.mailing-fields")["hx-post"] == "/mailings/new"
    page = as_alice.post("/mailings/new", data=to_all(message), htmx=True)
    assert page.status_code == 200
    assert page.one("#mailings tbody tr")["id"] == f"mailing-{the_mailing(session).id}"
    assert "Saved." in page.headers["HX-Trigger"]


def test_htmx_gets_the_form_again_with_its_errors(as_alice: Visitor, alice: User, message: Message) -> None:
    page = as_alice.post("/mailings/new", data=to_all(message, end_time=as_sent(datetime.now(UTC))), htmx=True)
    assert page.status_code == 422 and not page.has("html")
    assert error_at(page, "end-new")


def test_the_form_and_the_choice_of_recipients_ask_few_questions(
    as_alice: Visitor, alice: User, message: Message, count_queries: CountQueries
) -> None:
    for _ in range(60):
        client_of(alice)
    chosen = to_all(message, audience="selected", chosen="1-30", find="client")
    original = mailing_of(alice, message=message, clients=[client_of(alice)])
    for path in ("/mailings/new", f"/mailings/new?copy={original.id}", f"/mailings/{original.id}/edit"):
        with count_queries() as queries:
            assert as_alice.get(path).status_code == 200
        assert len(queries) <= 6, path
    for act in ("find", "add", "clear", "preview"):
        for htmx in (False, True):
            with count_queries() as queries:
                as_alice.post("/mailings/new", data=chosen | {"act": act}, htmx=htmx)
            assert len(queries) <= 6, act


def test_a_start_now_needs_no_time(as_alice: Visitor, session: Session, alice: User, message: Message) -> None:
    client_of(alice)
    answer = as_alice.post("/mailings/new", data=to_all(message, start_time="", start_now="y"))
    assert answer.status_code == 303 and "It starts now" in as_alice.get(answer.location).words
    assert the_mailing(session).start_time <= datetime.now(UTC)


def test_the_summary_shows_the_beginning_of_a_long_text_and_says_that_there_is_more(
    as_alice: Visitor, alice: User
) -> None:
    client_of(alice)
    long, short = message_of(alice, body="word " * 40), message_of(alice, body="word " * 5)
    pages = [as_alice.get(f"/mailings/new?message_id={message.id}") for message in (long, short)]
    shown = [page.one("#summary .facts > :first-child small").get_text() for page in pages]
    assert shown[0].endswith("word…") and len(shown[0]) <= 160 and shown[1].strip() == "word word word word word"


def test_the_summary_says_that_it_starts_now(as_alice: Visitor, alice: User, message: Message) -> None:
    client_of(alice)
    sent = to_all(message, start_now="y", act="preview")
    assert "from now to" in as_alice.post("/mailings/new", data=sent, htmx=True).words


def test_a_copy_has_message_audience_and_length_of_the_original_and_a_window_to_come(
    as_alice: Visitor, session: Session, alice: User, message: Message
) -> None:
    anna, _boris = clients_with(alice, "anna@example.org", "boris@example.org")
    original = mailing_of(alice, message=message, clients=[anna], lasts=timedelta(hours=3))
    page = as_alice.get(as_alice.get(f"/mailings/{original.id}").one("a[href*=copy]")["href"])
    fields = page.fields()
    assert fields["message_id"] == str(message.id) and fields["chosen"] == str(anna.id)
    start, end = (datetime.fromisoformat(fields[name]) for name in ("start_time", "end_time"))
    assert end - start == timedelta(hours=3) and start.replace(tzinfo=UTC) > datetime.now(UTC)
    assert as_alice.post("/mailings/new", data=fields).status_code == 303
    assert len(session.scalars(select(Mailing)).all()) == 2


def test_somebody_elses_mailing_is_not_copied(as_bob: Visitor, alice: User) -> None:
    assert as_bob.get(f"/mailings/new?copy={mailing_of(alice).id}").status_code == 404
    assert as_bob.get("/mailings/new?copy=x").status_code == 404
