"""The clients as a CSV file, streamed: all of them, those that a search finds, or those that were ticked."""

from collections.abc import Iterator

from babel.numbers import get_decimal_symbol
from flask_babel import get_locale
from flask_login import current_user
from sqlalchemy import Select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from mailer.domain.audit import Thing, record
from mailer.domain.clients import clients_of
from mailer.domain.clock import database_now
from mailer.domain.exporting import clients_as_csv
from mailer.extensions import db
from mailer.models.audit import Action, ThingKind
from mailer.models.clients import Client
from mailer.models.transactions import begin_writing
from mailer.web.actor import actor
from mailer.web.bulk import asked_bulk

# Without it Excel takes UTF-8 for the machine's old encoding.
BYTE_ORDER_MARK = "\ufeff"


def export() -> Response:
    bulk, own = asked_bulk("client_ids"), clients_of(current_user.id)
    found = clients_of(current_user.id, bulk.search)
    clients = bulk.among(own, found, Client.id) if bulk.ids else found
    write_down(bulk.search)
    # Where a number's fraction begins with a comma, spreadsheets put a semicolon between cells.
    delimiter = ";" if get_decimal_symbol(get_locale()) == "," else ","
    response = Response(streamed(clients, delimiter), mimetype="text/csv")
    response.headers["Content-Disposition"] = "attachment; filename=clients.csv"
    return response


def write_down(search: str) -> None:
    who = actor()
    # This request has read already, and on SQLite what has read cannot become one that writes.
    db.session.rollback()
    with Session(db.engine) as session:
        begin_writing(session)
        record(session, Action.EXPORT, who, database_now(session), Thing(ThingKind.CLIENTS), search)
        session.commit()


def streamed(clients: Select[Client], delimiter: str) -> Iterator[bytes]:
    # A session of its own: the request's is closed before the first piece is sent.
    engine = db.engine

    def pieces() -> Iterator[bytes]:
        with Session(engine) as session:
            yield BYTE_ORDER_MARK.encode()
            for piece in clients_as_csv(session, clients, delimiter):
                yield piece.encode()

    return pieces()
