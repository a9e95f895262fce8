"""The clients as a CSV file, streamed: all of them, those that a search finds, or those that were ticked."""

from flask_login import current_user
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
from mailer.web.csv_download import csv_download


def export() -> Response:
    bulk, own = asked_bulk("client_ids"), clients_of(current_user.id)
    found = clients_of(current_user.id, bulk.search)
    clients = bulk.among(own, found, Client.id) if bulk.ids else found
    write_down(bulk.search)
    return csv_download("clients.csv", lambda session, delimiter: clients_as_csv(session, clients, delimiter))


def write_down(search: str) -> None:
    who = actor()
    # This request has read already, and on SQLite what has read cannot become one that writes.
    db.session.rollback()
    with Session(db.engine) as session:
        begin_writing(session)
        record(session, Action.EXPORT, who, database_now(session), Thing(ThingKind.CLIENTS), search)
        session.commit()
