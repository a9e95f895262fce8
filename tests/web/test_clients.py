"""The list of clients, its rows edited in place, and the pages that do the same without JavaScript."""

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from mailer.domain import finding
from mailer.domain.suppressions import suppressions_of
from mailer.models.clients import Client, SuppressionReason
from mailer.models.mailings import RecipientState
from mailer.models.users import User
from tests.support.factories import (
    client_of,
    clients_with,
    completed_mailing_of,
    mailing_of,
    recipients_of,
    settle,
    started_mailing_of,
    states_of,
    suppress,
)
from tests.support.visitor import Page, Visitor
from tests.web.conftest import CountQueries

ANNA = {"full_name": "Анна Белова", "email": "Anna@Пример.example", "comment": "Блокноты 📓"}


@pytest.fixture
def oleg(alice: User) -> Client:
    return client_of(alice, "oleg@example.org", "Oleg Tarasov", "Wholesale")


def all_clients(session: Session) -> list[Client]:
    session.expire_all()
    return list(session.scalars(select(Client)))


def names_in(page: Page) -> list[str]:
    return page.texts("tbody th")


# The list


def test_an_empty_list_says_what_to_do(as_alice: Visitor) -> None:
    page = as_alice.get("/clients/")
    assert "No clients yet" in page.words
    assert page.one(".empty a")["href"] == "/clients/new"


def test_the_list_shows_names_addresses_and_comments(as_alice: Visitor, oleg: Client) -> None:
    page = as_alice.get("/clients/")
    assert page.one(f"#client-{oleg.id} th").get_text(strip=True) == "Oleg Tarasov"
    assert page.one(f"#client-{oleg.id} .addr")["title"] == "oleg@example.org"
    assert "Wholesale" in page.words and "1 on file" in page.words


def test_a_client_without_a_name_goes_by_the_address(as_alice: Visitor, alice: User) -> None:
    client_of(alice, "nameless@example.org")
    assert names_in(as_alice.get("/clients/")) == ["nameless@example.org"]


def test_markup_in_a_name_is_only_text(as_alice: Visitor, alice: User) -> None:
    client_of(alice, "x@example.org", '<script>alert("1")</script>', '"><img src=x>')
    page = as_alice.get("/clients/")
    assert names_in(page) == ['<script>alert("1")</script>']
    assert not page.has("img") and len(page.all("script")) == 4


def test_the_clients_of_others_are_not_shown(as_bob: Visitor, oleg: Client) -> None:
    assert names_in(as_bob.get("/clients/")) == []


@pytest.mark.parametrize("search", ["БЕЛ", "анна", "anna@", "блокн", "📓"])
def test_the_search_looks_in_name_address_and_comment_in_any_case(
    as_alice: Visitor, alice: User, oleg: Client, search: str
) -> None:
    client_of(alice, "anna@example.org", "Анна Белова", "Блокноты 📓")
    assert names_in(as_alice.get("/clients/", query_string={"q": search})) == ["Анна Белова"]


@pytest.mark.parametrize("search", ["%", "_", "zzz", "\\"])
def test_a_search_that_finds_nobody_says_so(as_alice: Visitor, oleg: Client, search: str) -> None:
    page = as_alice.get("/clients/", query_string={"q": search})
    assert "No client matches" in page.words
    assert page.one("#q")["value"] == search


def test_htmx_gets_the_list_without_the_frame(as_alice: Visitor, oleg: Client) -> None:
    page = as_alice.get("/clients/?q=oleg", htmx=True)
    assert page.one("#clients") and not page.has("nav.side")
    assert "HX-Request-Type" in page.headers["Vary"]


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("name", ["Ann", "boris", "Cecil"]),
        ("-name", ["Cecil", "boris", "Ann"]),
        ("email", ["boris", "Cecil", "Ann"]),
        ("newest", ["Ann", "Cecil", "boris"]),
        ("-newest", ["boris", "Cecil", "Ann"]),
        ("nonsense", ["Ann", "boris", "Cecil"]),
    ],
)
def test_the_list_is_sorted_as_asked(as_alice: Visitor, alice: User, sort: str, names: list[str]) -> None:
    for email, name in (("a@example.org", "boris"), ("b@example.org", "Cecil"), ("c@example.org", "Ann")):
        client_of(alice, email, name)
    page = as_alice.get(f"/clients/?sort={sort}")
    assert names_in(page) == names


def test_pages_lead_on_and_back_and_count_truly(as_alice: Visitor, alice: User) -> None:
    clients_with(alice, *(f"person{number:03}@example.org" for number in range(120)))
    first = as_alice.get("/clients/")
    assert first.texts(".pager > span") == ["1–50 of 120"]
    second = as_alice.get(first.one(".pager a")["href"])
    assert second.texts(".pager > span") == ["51–100 of 120"]
    third = as_alice.get(second.all(".pager a")[1]["href"])
    assert third.texts(".pager > span") == ["101–120 of 120"]
    back = as_alice.get(third.one(".pager a")["href"])
    assert names_in(back) == names_in(second)


@pytest.mark.parametrize("query", ["", "?q=person"])
def test_a_page_that_has_emptied_gives_way_to_the_first(
    as_alice: Visitor, alice: User, session: Session, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    monkeypatch.setattr(finding, "FEW", 50)
    clients_with(alice, *(f"person{number:03}@example.org" for number in range(60)))
    url = as_alice.get(f"/clients/{query}").one(".pager a")["href"]
    assert as_alice.get(url).texts(".pager > span") == ["51–60 of 60"]
    session.execute(delete(Client).where(Client.email_key >= "person050"))
    emptied = as_alice.get(url)
    assert emptied.texts(".pager > span") == ["1–50 of 50"] and not emptied.has(".pager a")


@pytest.mark.parametrize("few", [1000, 60])
@pytest.mark.parametrize("sort", ["name", "-email", "newest"])
def test_what_a_search_finds_is_paged_the_same_whether_it_is_little_or_much(
    as_alice: Visitor, alice: User, monkeypatch: pytest.MonkeyPatch, sort: str, few: int
) -> None:
    monkeypatch.setattr(finding, "FEW", few)
    clients_with(alice, *(f"person{number:03}@example.org" for number in range(120)), "x@x.example", "y@x.example")
    pages = [as_alice.get(f"/clients/?q=PERSON&sort={sort}")]
    while len(pages) < 3:
        pages.append(as_alice.get(pages[-1].all(".pager a")[-1]["href"]))
    assert [page.texts(".pager > span") for page in pages] == [[f"{n} of 120"] for n in ("1–50", "51–100", "101–120")]
    shown = [name for page in pages for name in names_in(page)]
    assert len(set(shown)) == 120 and shown == sorted(shown, reverse=sort != "name")
    back = as_alice.get(pages[2].one(".pager a")["href"])
    assert names_in(back) == names_in(pages[1]) and back.texts(".pager > span") == ["51–100 of 120"]
    assert "122 on file" in back.one(".page-head").get_text()


def test_the_last_letter_of_each_client_is_shown(as_alice: Visitor, alice: User, oleg: Client) -> None:
    completed_mailing_of(alice)
    latest = started_mailing_of(alice, clients=[oleg])
    settle(recipients_of(latest)[0], RecipientState.FAILED)
    page = as_alice.get("/clients/")
    assert "failed" in page.one(f"#client-{oleg.id} .state").get_text()


def test_a_reply_has_its_code_wherever_it_is_listed(as_alice: Visitor, alice: User, oleg: Client) -> None:
    first, second = started_mailing_of(alice, clients=[oleg]), started_mailing_of(alice, clients=[oleg])
    for mailing in (first, second):
        settle(recipients_of(mailing)[0], RecipientState.FAILED)
    codes = as_alice.get(f"/clients/{oleg.id}").texts("tbody .raw b")
    assert codes == ["550", "550"]
    assert as_alice.get(f"/attempts/recipients/{recipients_of(first)[0].id}").texts("tbody .raw b") == ["550"]


def test_whoever_must_not_be_written_to_is_marked_everywhere(
    as_alice: Visitor, session: Session, alice: User, oleg: Client
) -> None:
    client_of(alice, "vera@example.org", "Vera")
    suppress(alice, "OLEG@example.org", "new@example.org")
    list_page = as_alice.get("/clients/")
    assert [mark.get_text() for mark in list_page.all("tbody .is-suppressed")] == ["unsubscribed"]
    assert "unsubscribed" in list_page.one(f"#client-{oleg.id} .is-suppressed").get_text()
    assert "Must not be written to" in as_alice.get(f"/clients/{oleg.id}").words
    added = as_alice.post("/clients/new", data={"full_name": "New", "email": "new@example.org"}, htmx=True)
    assert len(added.all("tbody .is-suppressed")) == 2
    row = as_alice.post(f"/clients/{oleg.id}/edit", data={"full_name": "O.", "email": "oleg@example.org"}, htmx=True)
    assert row.texts(".is-suppressed") == ["unsubscribed"]
    row = as_alice.post(f"/clients/{oleg.id}/edit", data={"full_name": "O.", "email": "o@example.org"}, htmx=True)
    assert not row.has(".is-suppressed")


def test_a_page_of_clients_takes_a_handful_of_queries(
    as_alice: Visitor, alice: User, count_queries: CountQueries
) -> None:
    started_mailing_of(alice, clients=clients_with(alice, *(f"p{number}@example.org" for number in range(60))))
    page = as_alice.get("/clients/?q=P&sort=-name")
    for path in ("/clients/?sort=-name", "/clients/?q=P&sort=-name", page.one(".pager a")["href"]):
        with count_queries() as queries:
            as_alice.get(path)
        assert len(queries) <= 6, path


# Adding


def test_adding_without_javascript_leads_back_to_the_list(as_alice: Visitor, session: Session, alice: User) -> None:
    assert as_alice.get("/clients/new").fields().keys() == {"csrf_token", "form_name", *ANNA}
    answer = as_alice.post("/clients/new", data=ANNA)
    assert (answer.status_code, answer.location) == (303, "/clients/")
    assert "Added: Анна Белова." in as_alice.get("/clients/").texts(".toast")[0]
    anna = all_clients(session)[0]
    assert (anna.owner_id, anna.email, anna.comment) == (alice.id, "Anna@пример.example", "Блокноты 📓")


def test_adding_with_htmx_draws_the_list_anew_with_the_client_and_a_form_for_the_next(
    as_alice: Visitor, oleg: Client
) -> None:
    answer = as_alice.post("/clients/new", data=ANNA, htmx=True)
    assert answer.status_code == 200
    assert "2 on file" in answer.words
    assert answer.one("tr.is-selected th").get_text(strip=True) == "Анна Белова"
    assert answer.one("#new-name").get("value", "") == ""
    assert "\\u0410" in answer.headers["HX-Trigger"]


def test_an_added_client_is_shown_even_where_the_list_would_not(as_alice: Visitor, oleg: Client) -> None:
    shown = {"HX-Current-URL": "http://localhost/clients/?q=oleg"}
    answer = as_alice.post("/clients/new", data=ANNA, htmx=True, headers=shown)
    assert names_in(answer) == ["Анна Белова", "Oleg Tarasov"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", ""),
        ("email", "anna"),
        ("email", "anna@"),
        ("email", "a b@example.org"),
        ("email", "anna@example.org\r\nBcc: all@example.org"),
        ("email", "anna\0@example.org"),
        ("full_name", "Anna\r\nBcc: all@example.org"),
        ("full_name", "Anna\0"),
        ("full_name", "A" * 201),
        ("comment", "C" * 2001),
        ("comment", "bell\a"),
    ],
)
@pytest.mark.parametrize("htmx", [False, True])
def test_a_bad_field_is_named_and_nothing_is_lost(
    as_alice: Visitor, session: Session, field: str, value: str, htmx: bool
) -> None:
    answer = as_alice.post("/clients/new", data=ANNA | {field: value}, htmx=htmx)
    assert answer.status_code == 422
    assert answer.one(f"[name={field}]")["aria-invalid"] == "true"
    kept = "full_name" if field != "full_name" else "comment"
    assert answer.one(f"[name={kept}]")["value"] == ANNA[kept]
    assert answer.has("nav.side") is not htmx
    assert all_clients(session) == []


@pytest.mark.parametrize("email", ["oleg@example.org", " OLEG@EXAMPLE.ORG "])
def test_an_address_on_file_names_who_has_it(as_alice: Visitor, oleg: Client, email: str) -> None:
    answer = as_alice.post("/clients/new", data=ANNA | {"email": email})
    assert answer.status_code == 422
    link = answer.one(".field-error a")
    assert (link.get_text(), link["href"]) == ("Oleg Tarasov", f"/clients/{oleg.id}")


def test_an_address_in_unicode_and_in_ascii_is_one_address(as_alice: Visitor, alice: User) -> None:
    client_of(alice, "anna@пример.example", "Анна")
    answer = as_alice.post("/clients/new", data=ANNA | {"email": "anna@xn--e1afmkfd.example"})
    assert answer.status_code == 422


def test_two_owners_may_have_the_same_address_on_file(as_bob: Visitor, oleg: Client, session: Session) -> None:
    assert as_bob.post("/clients/new", data=ANNA | {"email": oleg.email}).status_code == 303
    assert len(all_clients(session)) == 2


# One client


def test_a_clients_page_shows_the_details_and_every_letter(as_alice: Visitor, alice: User, oleg: Client) -> None:
    mailing = started_mailing_of(alice, clients=[oleg])
    settle(recipients_of(mailing)[0], RecipientState.FAILED)
    page = as_alice.get(f"/clients/{oleg.id}")
    assert page.one("h1").get_text() == "Oleg Tarasov"
    assert "oleg@example.org" in page.words and "Wholesale" in page.words
    assert page.one("#letters tbody th a")["href"] == f"/mailings/{mailing.id}"
    assert "5.1.1 User unknown" in page.words


def test_htmx_gets_a_client_as_a_row(as_alice: Visitor, oleg: Client) -> None:
    row = as_alice.get(f"/clients/{oleg.id}", htmx=True)
    assert row.one("tr")["id"] == f"client-{oleg.id}"
    assert row.has("a[autofocus]")


def test_editing_a_row_answers_with_the_row(as_alice: Visitor, oleg: Client, session: Session) -> None:
    form = as_alice.get(f"/clients/{oleg.id}/edit", htmx=True)
    assert form.one("tr")["id"] == f"client-{oleg.id}"
    answer = as_alice.post(f"/clients/{oleg.id}/edit", data=form.fields("form") | {"full_name": "Олег"}, htmx=True)
    assert (answer.status_code, answer.one("tr th").get_text(strip=True)) == (200, "Олег")
    session.expire_all()
    assert (oleg.full_name, oleg.email, oleg.comment) == ("Олег", "oleg@example.org", "Wholesale")


def test_editing_without_javascript_leads_to_the_client(as_alice: Visitor, oleg: Client) -> None:
    fields = as_alice.get(f"/clients/{oleg.id}/edit").fields()
    answer = as_alice.post(f"/clients/{oleg.id}/edit", data=fields | {"comment": ""})
    assert (answer.status_code, answer.location) == (303, f"/clients/{oleg.id}")


def test_a_changed_client_is_found_by_the_new_words(as_alice: Visitor, oleg: Client) -> None:
    as_alice.post(f"/clients/{oleg.id}/edit", data=ANNA)
    assert names_in(as_alice.get("/clients/?q=белова")) == ["Анна Белова"]
    assert names_in(as_alice.get("/clients/?q=oleg")) == []


@pytest.mark.parametrize("htmx", [False, True])
def test_editing_to_an_address_on_file_keeps_what_was_typed(
    as_alice: Visitor, alice: User, oleg: Client, session: Session, htmx: bool
) -> None:
    client_of(alice, "irina@example.org", "Irina")
    answer = as_alice.post(
        f"/clients/{oleg.id}/edit", data={"full_name": "Typed", "email": "irina@example.org", "comment": ""}, htmx=htmx
    )
    assert answer.status_code == 422
    assert answer.one(".field-error a").get_text() == "Irina"
    assert answer.one("[name=full_name]")["value"] == "Typed"
    session.expire_all()
    assert (oleg.email, oleg.full_name) == ("oleg@example.org", "Oleg Tarasov")


def test_saving_a_client_unchanged_is_no_duplicate(as_alice: Visitor, oleg: Client) -> None:
    fields = as_alice.get(f"/clients/{oleg.id}/edit").fields()
    assert as_alice.post(f"/clients/{oleg.id}/edit", data=fields).status_code == 303


# Deleting


def test_the_question_names_the_client_and_what_depends_on_it(as_alice: Visitor, alice: User, oleg: Client) -> None:
    started_mailing_of(alice, clients=[oleg])
    mailing_of(alice, clients=[oleg])
    page = as_alice.get(f"/clients/{oleg.id}/delete")
    assert page.one("#question").get_text() == "Delete Oleg Tarasov?"
    assert len(page.all("main li")) == 2
    assert page.one("main form")["method"] == "post"


def test_htmx_gets_the_question_for_its_dialog(as_alice: Visitor, oleg: Client) -> None:
    shown = {"HX-Current-URL": "http://localhost/clients/?sort=email"}
    question = as_alice.get(f"/clients/{oleg.id}/delete", htmx=True, headers=shown)
    assert question.one("form")["hx-target"] == "#clients"
    assert not question.has("nav.side")


def test_asked_from_the_clients_own_page_the_answer_leads_to_the_list(as_alice: Visitor, oleg: Client) -> None:
    shown = {"HX-Current-URL": f"http://localhost/clients/{oleg.id}"}
    question = as_alice.get(f"/clients/{oleg.id}/delete", htmx=True, headers=shown)
    assert not question.one("form").has_attr("hx-post")


def test_deleting_without_javascript_leads_to_the_list(as_alice: Visitor, oleg: Client, session: Session) -> None:
    answer = as_alice.post(f"/clients/{oleg.id}/delete")
    assert (answer.status_code, answer.location) == (303, "/clients/")
    assert all_clients(session) == []


def test_deleting_with_htmx_draws_the_list_anew_as_it_is_shown(as_alice: Visitor, alice: User, oleg: Client) -> None:
    clients_with(alice, "ann@example.org", "bob@example.org")
    shown = {"HX-Current-URL": "http://localhost/clients/?sort=-email"}
    answer = as_alice.post(f"/clients/{oleg.id}/delete", htmx=True, headers=shown)
    assert names_in(answer) == ["Bob", "Ann"]
    assert "2 on file" in answer.words


def test_a_client_deleted_in_the_middle_of_a_mailing_becomes_suppressed_there(
    as_alice: Visitor, alice: User, oleg: Client
) -> None:
    mailing = started_mailing_of(alice, clients=[oleg])
    as_alice.post(f"/clients/{oleg.id}/delete")
    assert states_of(mailing) == {"oleg@example.org": "suppressed"}


@pytest.mark.parametrize("must_not_return", [True, False])
def test_a_deleted_client_may_be_kept_from_coming_back(
    as_alice: Visitor, session: Session, alice: User, oleg: Client, must_not_return: bool
) -> None:
    question = as_alice.get(f"/clients/{oleg.id}/delete")
    assert question.one("[name=must_not_return]")["type"] == "checkbox"
    ticked = {"must_not_return": "1"} if must_not_return else {}
    as_alice.post(f"/clients/{oleg.id}/delete", data={**question.fields(), **ticked})
    session.commit()
    reasons = [entry.reason for entry in session.scalars(suppressions_of(alice.id))]
    assert all_clients(session) == [] and reasons == [SuppressionReason.DELETED] * must_not_return


def test_deleting_twice_is_not_found(as_alice: Visitor, oleg: Client) -> None:
    path = f"/clients/{oleg.id}/delete"
    assert [as_alice.post(path).status_code for _click in range(2)] == [303, 404]


# Others

PATHS = ["/clients/{id}", "/clients/{id}/edit", "/clients/{id}/delete"]


@pytest.mark.parametrize("path", PATHS)
def test_someone_elses_client_is_not_found(as_bob: Visitor, oleg: Client, path: str) -> None:
    assert as_bob.get(path.format(id=oleg.id)).status_code == 404


@pytest.mark.parametrize("path", PATHS[1:])
def test_someone_elses_client_cannot_be_changed(as_bob: Visitor, oleg: Client, session: Session, path: str) -> None:
    assert as_bob.post(path.format(id=oleg.id), data=ANNA).status_code == 404
    session.refresh(oleg)
    assert oleg.full_name == "Oleg Tarasov"


@pytest.mark.parametrize("client_id", ["0", "999999", str(2**63 - 1), str(2**63), str(10**40), "-1", "x", "1.5"])
def test_a_client_that_does_not_exist_is_not_found(as_alice: Visitor, client_id: str) -> None:
    assert as_alice.get(f"/clients/{client_id}").status_code == 404


def test_a_client_is_deleted_by_post_alone(as_alice: Visitor, oleg: Client, session: Session) -> None:
    as_alice.get(f"/clients/{oleg.id}/delete")
    assert len(all_clients(session)) == 1
