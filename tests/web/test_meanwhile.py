"""Questions that are answered while the rest of a page is found and drawn."""

import threading

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from mailer.domain.clients import clients_of
from mailer.extensions import db
from mailer.models.clients import Client
from mailer.models.users import User
from mailer.web.meanwhile import meanwhile
from mailer.web.pagination import Sorting, paginate
from mailer.web.transactions import MAPPED_BYTES
from tests.support.factories import client_of

BY_NAME = Sorting(Client.name_key, Client.id)


def count_clients(session: Session) -> int:
    return session.scalar(select(func.count(Client.id))) or 0


def test_is_answered_on_a_connection_of_its_own(app: Flask, session: Session, alice: User) -> None:
    client_of(alice, "anna@example.org", "Anna")
    session.commit()
    with app.test_request_context():
        # What this request has not committed is nobody else's yet.
        db.session.execute(delete(Client))
        count = meanwhile(count_clients)()
        db.session.rollback()
    assert count == 1


def test_what_goes_wrong_is_told_to_the_one_who_waits(app: Flask) -> None:
    def break_down(_session: Session) -> int:
        raise ConnectionError("the database has gone")

    with app.test_request_context():
        answer = meanwhile(break_down)
        with pytest.raises(ConnectionError, match="has gone"):
            answer()


def test_a_page_waits_for_its_count_only_where_it_says_it(app: Flask, session: Session, alice: User) -> None:
    for number in range(3):
        client_of(alice, f"client{number}@example.org", f"Client {number}")
    session.commit()
    may_count = threading.Event()

    def count(session: Session) -> tuple[int, int]:
        assert may_count.wait(30)
        return count_clients(session), 0

    with app.test_request_context():
        page = paginate(clients_of(alice.id), BY_NAME, location="/clients/", size=2, total=meanwhile(count))
        shown = [client.full_name for client in page.items]
        may_count.set()
        assert (page.total, page.first, page.last, page.previous_url) == (3, 1, 2, None)
        assert page.next_url is not None
    assert shown == ["Client 0", "Client 1"]


@pytest.mark.one_database("PostgreSQL has memory of its own")
def test_reads_sqlite_as_the_request_does(app: Flask) -> None:
    with app.test_request_context():
        size = meanwhile(lambda session: session.scalar(text("PRAGMA mmap_size")))()
    assert size == MAPPED_BYTES
