"""The list of messages, its rows edited in place, and the pages that do the same without JavaScript."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.config import MAX_BODY_BYTES
from mailer.models.messages import Message
from mailer.models.users import User
from tests.support.application import AppMaker
from tests.support.factories import client_of, completed_mailing_of, mailing_of, message_of
from tests.support.visitor import Visitor, visitor
from tests.web.conftest import CountQueries

BODY = "Дорогие учителя!\n\n  С праздником 🎉\n.\n\tЛавка"
LETTER = {"subject": "С Днём учителя", "body": BODY}
# Megabytes of Cyrillic are three times as long in the other encoding of forms, and take seconds to read.
MULTIPART = "multipart/form-data"


@pytest.fixture
def price_list(alice: User) -> Message:
    return message_of(alice, "November price list", "Paper: 12\nInk: 30")


def all_messages(session: Session) -> list[Message]:
    session.expire_all()
    return list(session.scalars(select(Message)))


# The list


def test_an_empty_list_says_what_to_do(as_alice: Visitor) -> None:
    page = as_alice.get("/messages/")
    assert page.one(".empty a")["href"] == "/messages/new"


def test_the_list_shows_subjects_and_how_the_texts_begin(as_alice: Visitor, price_list: Message) -> None:
    page = as_alice.get("/messages/")
    assert page.texts("tbody th") == ["November price list"]
    assert "Paper: 12 Ink: 30" in page.words


@pytest.mark.parametrize(("search", "found"), [("ПРАЗДНИК", 1), ("учителя", 1), ("paper", 0)])
def test_the_search_looks_in_subject_and_text(as_alice: Visitor, alice: User, search: str, found: int) -> None:
    message_of(alice, "С Днём учителя", BODY)
    assert len(as_alice.get("/messages/", query_string={"q": search}).all("tbody tr")) == found


def test_the_messages_of_others_are_not_shown(as_bob: Visitor, price_list: Message) -> None:
    assert "price list" not in as_bob.get("/messages/").words


@pytest.mark.parametrize("sort", ["newest", "-newest", "subject", "-subject", "changed", "-changed"])
def test_every_order_can_be_paged_through(as_alice: Visitor, alice: User, sort: str) -> None:
    for number in range(60):
        message_of(alice, f"Letter {number % 7}", "Text")
    first = as_alice.get(f"/messages/?sort={sort}")
    second = as_alice.get(first.one(".pager a")["href"])
    assert second.texts(".pager > span") == ["51–60 of 60"]
    shown = {row["id"] for page in (first, second) for row in page.all("tbody tr")}
    assert len(shown) == 60


def test_a_page_of_messages_reads_no_whole_texts(
    as_alice: Visitor, alice: User, count_queries: CountQueries
) -> None:
    for _message in range(20):
        message_of(alice, body="x" * 100_000)
    with count_queries() as queries:
        page = as_alice.get("/messages/")
    assert len(queries) <= 6
    assert len(page.data) < 100_000


# Writing


def test_writing_without_javascript_leads_to_the_message(as_alice: Visitor, session: Session) -> None:
    # Browsers end lines with CR LF.
    answer = as_alice.post("/messages/new", data=LETTER | {"body": BODY.replace("\n", "\r\n")})
    message = all_messages(session)[0]
    assert (answer.status_code, answer.location) == (303, f"/messages/{message.id}")
    assert (message.subject, message.body) == ("С Днём учителя", BODY)


def test_a_message_is_shown_as_it_will_be_read(as_alice: Visitor, alice: User) -> None:
    message = message_of(alice, "<b>Bold</b>", BODY + "\n<script>alert(1)</script>")
    page = as_alice.get(f"/messages/{message.id}")
    assert page.one("h1").get_text() == "<b>Bold</b>"
    assert page.one(".letter-body").get_text().startswith(BODY + "\n<script>alert(1)</script>\n\nЕсли вы не хотите")


def test_writing_with_htmx_draws_the_list_anew(as_alice: Visitor, price_list: Message) -> None:
    answer = as_alice.post("/messages/new", data=LETTER, htmx=True)
    assert answer.status_code == 200
    assert answer.one("tr.is-selected th").get_text(strip=True) == "С Днём учителя"
    assert "2 messages" in answer.words


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("subject", ""),
        ("subject", "   "),
        ("subject", "Offer\r\nBcc: all@example.org"),
        ("subject", "Offer\u2028Bcc: all@example.org"),
        ("subject", "nul\0"),
        ("subject", "S" * 201),
        ("body", ""),
        ("body", " \n\t\n"),
        ("body", "nul\0"),
    ],
)
@pytest.mark.parametrize("htmx", [False, True])
def test_a_bad_field_is_named_and_nothing_is_lost(
    as_alice: Visitor, session: Session, field: str, value: str, htmx: bool
) -> None:
    answer = as_alice.post("/messages/new", data=LETTER | {field: value}, htmx=htmx)
    assert answer.status_code == 422
    assert answer.one(f"[name={field}]")["aria-invalid"] == "true"
    assert answer.has("nav.side") is not htmx
    assert all_messages(session) == []


def test_a_text_of_ten_megabytes_is_kept(as_alice: Visitor, session: Session) -> None:
    body = "я" * (MAX_BODY_BYTES // 2)
    assert as_alice.post("/messages/new", data=LETTER | {"body": body}, content_type=MULTIPART).status_code == 303
    assert all_messages(session)[0].body == body


def test_a_larger_text_is_refused_at_the_field(as_alice: Visitor, session: Session) -> None:
    body = "я" * (MAX_BODY_BYTES // 2 + 1)
    answer = as_alice.post("/messages/new", data=LETTER | {"body": body}, content_type=MULTIPART)
    assert answer.status_code == 422
    assert "10241 kB" in answer.one("#new-body-error").get_text()
    assert all_messages(session) == []


@pytest.mark.parametrize("field", ["subject", "body"])
def test_a_forbidden_word_is_named(make_app: AppMaker, session: Session, alice: User, field: str) -> None:
    app = make_app(FORBIDDEN_WORDS="lottery, Казино")
    answer = visitor(app, session, alice).post("/messages/new", data=LETTER | {field: "Наше КАЗИНО открыто"})
    assert answer.status_code == 422
    assert "“Казино”" in answer.one(f"#new-{field}-error").get_text()


# Changing


def test_editing_a_row_answers_with_the_row(as_alice: Visitor, price_list: Message, session: Session) -> None:
    form = as_alice.get(f"/messages/{price_list.id}/edit", htmx=True)
    assert form.one("tr")["id"] == f"message-{price_list.id}"
    fields = form.fields("form")
    assert fields["body"] == "Paper: 12\nInk: 30"
    answer = as_alice.post(f"/messages/{price_list.id}/edit", data=fields | {"subject": "December"}, htmx=True)
    assert answer.one("tr th").get_text(strip=True) == "December"
    session.expire_all()
    assert (price_list.subject, price_list.body) == ("December", "Paper: 12\nInk: 30")


def test_editing_without_javascript_leads_to_the_message(as_alice: Visitor, price_list: Message) -> None:
    answer = as_alice.post(f"/messages/{price_list.id}/edit", data=LETTER)
    assert (answer.status_code, answer.location) == (303, f"/messages/{price_list.id}")


@pytest.mark.parametrize("htmx", [False, True])
def test_an_invalid_change_is_shown_and_not_made(as_alice: Visitor, price_list: Message, htmx: bool) -> None:
    answer = as_alice.post(f"/messages/{price_list.id}/edit", data=LETTER | {"subject": ""}, htmx=htmx)
    assert answer.status_code == 422
    assert answer.one("textarea").get_text().strip() == BODY.strip()


def test_who_edits_a_booked_message_is_told_that_the_mailing_changes_too(
    as_alice: Visitor, alice: User, price_list: Message
) -> None:
    mailing_of(alice, message=price_list)
    assert "1 booked mailing goes out with the new text" in as_alice.get(f"/messages/{price_list.id}/edit").words


def test_a_first_line_that_is_blank_survives_editing(as_alice: Visitor, alice: User, session: Session) -> None:
    message = message_of(alice, body="\n\nText")
    path = f"/messages/{message.id}/edit"
    as_alice.post(path, data=as_alice.get(path).fields())
    session.refresh(message)
    assert message.body == "\n\nText"


# Deleting


def test_deleting_without_javascript_leads_to_the_list(
    as_alice: Visitor, price_list: Message, session: Session
) -> None:
    page = as_alice.get(f"/messages/{price_list.id}/delete")
    assert "November price list" in page.one("#question").get_text()
    answer = as_alice.post(f"/messages/{price_list.id}/delete")
    assert (answer.status_code, answer.location) == (303, "/messages/")
    assert all_messages(session) == []


def test_deleting_with_htmx_draws_the_list_anew(as_alice: Visitor, price_list: Message) -> None:
    answer = as_alice.post(f"/messages/{price_list.id}/delete", htmx=True)
    assert answer.one("#messages") and "No messages yet" in answer.words


@pytest.mark.parametrize("htmx", [False, True])
def test_a_message_that_a_booked_mailing_needs_cannot_be_deleted(
    as_alice: Visitor, alice: User, price_list: Message, session: Session, htmx: bool
) -> None:
    mailing_of(alice, message=price_list)
    page = as_alice.get(f"/messages/{price_list.id}/delete", htmx=htmx)
    assert "1 booked mailing still needs this message" in page.words
    assert not page.has("form[action$=delete]")
    answer = as_alice.post(f"/messages/{price_list.id}/delete", htmx=htmx)
    assert answer.status_code == 422
    assert "1 booked mailing still needs this message" in answer.words
    assert len(all_messages(session)) == 1


def test_a_completed_mailing_keeps_its_copy(as_alice: Visitor, alice: User, price_list: Message) -> None:
    mailing = completed_mailing_of(alice, message=price_list)
    assert "keeps its copy" in as_alice.get(f"/messages/{price_list.id}/delete").words
    assert as_alice.post(f"/messages/{price_list.id}/delete").status_code == 303
    assert (mailing.subject, mailing.message_id) == ("November price list", None)


# Others

PATHS = ["/messages/{id}", "/messages/{id}/edit", "/messages/{id}/delete"]


@pytest.mark.parametrize("path", PATHS)
def test_someone_elses_message_is_not_found(as_bob: Visitor, price_list: Message, path: str) -> None:
    assert as_bob.get(path.format(id=price_list.id)).status_code == 404


@pytest.mark.parametrize("path", PATHS[1:])
def test_someone_elses_message_cannot_be_changed(
    as_bob: Visitor, price_list: Message, session: Session, path: str
) -> None:
    assert as_bob.post(path.format(id=price_list.id), data=LETTER).status_code == 404
    session.refresh(price_list)
    assert price_list.subject == "November price list"


@pytest.mark.parametrize("message_id", ["0", "999999", str(2**63), "x"])
def test_a_message_that_does_not_exist_is_not_found(as_alice: Visitor, message_id: str) -> None:
    assert as_alice.get(f"/messages/{message_id}").status_code == 404


# The preview


def test_a_message_is_previewed_as_it_will_be_read_and_nothing_is_saved(
    as_alice: Visitor, session: Session, alice: User
) -> None:
    client_of(alice, "anna@пример.example", "Анна")
    body = ".начало\n\nКонец  с  пробелами\n" + "x" * 1200
    sent = {"subject": "С Днём учителя — поздравляем дорогих учителей всех школ города", "body": body, "act": "preview"}
    letter = as_alice.post("/messages/new", data=sent, htmx=True)
    assert letter.status_code == 200 and letter.one("form")["method"] == "dialog"
    assert letter.texts(".letter-heads dd") == [
        "Corner Shop <shop@mailer.example>", "Анна <anna@пример.example>", sent["subject"],
    ]
    assert letter.one(".letter-body").get_text().startswith(body + "\n\n")
    assert session.scalar(select(Message.id)) is None


def test_without_javascript_the_preview_stands_above_the_form_that_keeps_what_was_typed(
    as_alice: Visitor, session: Session, alice: User
) -> None:
    message = message_of(alice, "Spring", "Hello")
    page = as_alice.post(f"/messages/{message.id}/edit", data={"subject": "Summer", "body": "Sun", "act": "preview"})
    assert page.status_code == 200 and page.one(".letter-body").get_text(strip=True).startswith("Sun\n")
    assert page.fields()["subject"] == "Summer"
    session.refresh(message)
    assert message.subject == "Spring"


def test_an_invalid_message_is_not_previewed(as_alice: Visitor) -> None:
    answer = as_alice.post("/messages/new", data={"subject": "", "body": "Sun", "act": "preview"}, htmx=True)
    assert answer.status_code == 422 and answer.has("#new-subject-error")
