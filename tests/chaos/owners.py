"""What the owners of the mailings do meanwhile: by the pages, and by the command line.

An act that the database did not confirm may have happened or not, so the checks are told of confirmed ones only.
"""

import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flask import Flask
from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from mailer.delivery.bell import ring_start
from mailer.extensions import db
from mailer.models.clients import Client
from mailer.models.transactions import begin_writing
from mailer.models.users import User
from tests.chaos.diary import Ban, Diary
from tests.chaos.installation import Relief
from tests.chaos.plan import Blow
from tests.support.factories import suppress
from tests.support.processes import Processes
from tests.support.visitor import visitor

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Owned:
    """A mailing of the run, with its owner and all its addresses."""

    mailing_id: int
    owner_id: int
    addresses: list[str]


class Owners:
    def __init__(self, app: Flask, processes: Processes, mailings: Sequence[Owned], diary: Diary) -> None:
        self._app, self._processes, self._mailings, self._diary = app, processes, mailings, diary
        self._paused: set[int] = set()
        self.kinds: dict[str, Callable[[Blow], Relief | None]] = {
            "start again": self.start_again,
            "start again by the command": self.start_by_command,
            "pause": self.pause,
            "unsubscribe": self.unsubscribe,
            "delete clients": self.delete_clients,
            "finish": self.finish,
        }

    def start_again(self, blow: Blow) -> Relief | None:
        """The button and two rings at once."""
        owned = self._chosen(blow)
        self._post(owned, f"/mailings/{owned.mailing_id}/start")
        with self._app.app_context():
            for _ in range(2):
                ring_start(owned.mailing_id)
        return None

    def start_by_command(self, blow: Blow) -> Relief | None:
        owned = self._chosen(blow)
        arguments = ("send-mailings", "--mailing", str(owned.mailing_id))
        for _ in range(2):
            self._processes.start("send-mailings", "-m", "flask", "--app", "wsgi", *arguments)
        return None

    def pause(self, blow: Blow) -> Relief | None:
        owned = self._chosen(blow)
        if owned.mailing_id in self._paused:
            return None
        self._paused.add(owned.mailing_id)
        is_confirmed, since = self._post(owned, f"/mailings/{owned.mailing_id}/pause"), time.time()

        def resume() -> None:
            if is_confirmed:
                self._diary.bans.append(Ban("paused", frozenset(owned.addresses), since, time.time()))
            # A mailing that nobody resumes would never end.
            while not self._post(owned, f"/mailings/{owned.mailing_id}/resume"):
                time.sleep(0.5)
            self._paused.discard(owned.mailing_id)

        return resume

    def unsubscribe(self, blow: Blow) -> Relief | None:
        owned, chance = self._chosen(blow), random.Random(blow.luck)
        addresses = chance.sample(owned.addresses, len(owned.addresses) // 10)
        try:
            with Session(self._engine()) as session:
                begin_writing(session)
                suppress(session.get_one(User, owned.owner_id), *addresses)
                session.commit()
        except SQLAlchemyError as error:
            logger.info("The suppression was not confirmed: %s", error)
            return None
        self._diary.bans.append(Ban("unsubscribed", frozenset(addresses), time.time()))
        return None

    def delete_clients(self, blow: Blow) -> Relief | None:
        owned, chance = self._chosen(blow), random.Random(blow.luck)
        addresses = chance.sample(owned.addresses, min(3, len(owned.addresses)))
        for address in addresses:
            try:
                with Session(self._engine()) as session:
                    clients = select(Client.id).where(Client.owner_id == owned.owner_id, Client.email == address)
                    client_id = session.scalar(clients)
            except SQLAlchemyError as error:
                logger.info("The client was not found: %s", error)
                continue
            if client_id is not None and self._post(owned, f"/clients/{client_id}/delete"):
                self._diary.bans.append(Ban("deleted", frozenset([address]), time.time()))
        return None

    def finish(self, blow: Blow) -> Relief | None:
        owned = self._chosen(blow)
        self._post(owned, f"/mailings/{owned.mailing_id}/finish")
        return None

    def _post(self, owned: Owned, path: str) -> bool:
        """Whether the page confirmed it."""
        try:
            with self._app.app_context(), Session(self._engine()) as session:
                owner = session.get_one(User, owned.owner_id)
                browser = visitor(self._app, None, owner)
            return bool(browser.post(path).status_code == 303)
        except SQLAlchemyError as error:
            logger.info("%s was not confirmed: %s", path, error)
            return False

    def _engine(self) -> Engine:
        with self._app.app_context():
            return db.engine

    def _chosen(self, blow: Blow) -> Owned:
        return self._mailings[int(blow.luck * len(self._mailings))]
