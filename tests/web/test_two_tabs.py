"""Two tabs that edit one thing: the second is told, sees both texts, and decides."""

from typing import Any

import pytest
from sqlalchemy.orm import Session

from mailer.models.users import User
from tests.support.factories import client_of, mailing_of, message_of
from tests.support.visitor import Visitor


@pytest.mark.parametrize("htmx", [False, True])
def test_the_second_of_two_tabs_that_edit_a_client_is_told(
    as_alice: Visitor, session: Session, alice: User, htmx: bool
) -> None:
    anna = client_of(alice, "anna@example.org", "Anna", "Wholesale")
    path = f"/clients/{anna.id}/edit"
    one, other = as_alice.get(path).fields(), as_alice.get(path).fields()
    as_alice.post(path, data=one | {"full_name": "Anna Belova"})
    told = as_alice.post(path, data=other | {"full_name": "Anna Petrova"}, htmx=htmx)
    assert told.status_code == 409
    assert told.texts(".changed dd") == ["Anna Belova"] and told.one("[name=full_name]")["value"] == "Anna Petrova"
    session.refresh(anna)
    assert anna.full_name == "Anna Belova"
    saved = as_alice.post(path, data=told.fields("form[action$=edit], main form"))
    assert saved.status_code == 303
    session.refresh(anna)
    assert anna.full_name == "Anna Petrova"


def test_the_second_of_two_tabs_that_edit_a_message_is_told(as_alice: Visitor, alice: User) -> None:
    path = f"/messages/{message_of(alice, 'Spring', 'Hello').id}/edit"
    one, other = as_alice.get(path).fields(), as_alice.get(path).fields()
    as_alice.post(path, data=one | {"body": "Good morning"})
    told = as_alice.post(path, data=other | {"body": "Good evening"})
    assert told.status_code == 409
    assert told.texts(".changed dd") == ["Good morning"] and "Good evening" in told.one("textarea").get_text()


def test_the_second_of_two_tabs_that_edit_a_mailing_is_told(as_alice: Visitor, alice: User) -> None:
    mailing = mailing_of(alice, message=message_of(alice, "Spring"))
    summer = message_of(alice, "Summer")
    path = f"/mailings/{mailing.id}/edit"
    one, other = as_alice.get(path).fields(), as_alice.get(path).fields()
    as_alice.post(path, data=one | {"message_id": summer.id})
    told = as_alice.post(path, data=other | {"end_time": "2990-01-01T10:00"})
    assert told.status_code == 409
    assert "Summer" in told.texts(".changed dd") and told.one("[name=end_time]")["value"] == "2990-01-01T10:00"
    assert as_alice.post(path, data=told.fields()).status_code == 303


@pytest.mark.parametrize("what", ["clients", "messages", "mailings"])
def test_the_same_saved_twice_is_no_quarrel(as_alice: Visitor, alice: User, what: str) -> None:
    mailing_of(alice)
    changes: dict[str, dict[str, Any]] = {
        "clients": {"full_name": "Anna"}, "messages": {"subject": "New"}, "mailings": {"end_time": "2990-01-01T10:00"},
    }
    fields = as_alice.get(f"/{what}/1/edit").fields() | changes[what]
    assert [as_alice.post(f"/{what}/1/edit", data=fields).status_code for _click in range(2)] == [303, 303]


@pytest.mark.parametrize("seen", [None, "", "yesterday", "0001-01-01T00:00:00+14:00"])
def test_a_form_that_does_not_say_what_it_saw_is_saved(as_alice: Visitor, alice: User, seen: str | None) -> None:
    anna = client_of(alice, "anna@example.org", "Anna")
    data = {"full_name": "Anna Belova", "email": "anna@example.org", "comment": ""}
    answer = as_alice.post(f"/clients/{anna.id}/edit", data=data | ({} if seen is None else {"updated_at": seen}))
    assert answer.status_code == 303
