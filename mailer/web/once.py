"""Forms that make something, and make it once, however often they are sent.

Each such form has a name of its own, drawn by chance. A form of the same name with the same words in it is the same one
again: without JavaScript a double click sends it twice, and so does a reload or a second try where no answer came.
With other words, as after a step back, it means another thing; and so does the same form in another tab.
"""

import hashlib
import json
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from flask import request
from flask_login import current_user
from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute
from wtforms import HiddenField

from mailer.domain.sent_forms import made_by_form, note_made
from mailer.extensions import db
from mailer.models.clients import Client
from mailer.models.mailings import Mailing
from mailer.models.messages import Message

NAME = "form_name"
# What may differ although nothing else was meant.
IGNORED = frozenset({"csrf_token"})

Thing = TypeVar("Thing", Client, Mailing, Message)


def form_name_field() -> HiddenField:
    """The form's own name; a form that is sent without one is made anew each time."""
    return HiddenField(default=new_form_name, name=NAME)


def new_form_name() -> str:
    return secrets.token_urlsafe(12)


def made_once(
    make: Callable[[], Thing], own: Select[Thing], id: InstrumentedAttribute[int], now: datetime
) -> Thing:
    """What the form of this request makes; where it has made it before, that, found by its id among `own`.

    What is gone meanwhile is made anew. Whatever `make` raises is the caller's, who rolls back.
    """
    if not request.form.get(NAME):
        return make()
    owner_id, digest = current_user.id, _digest()
    made_id = made_by_form(db.session, owner_id, digest, now)
    known = None if made_id is None else db.session.scalar(own.where(id == made_id))
    if known is not None:
        return known
    thing = make()
    note_made(db.session, owner_id, digest, thing.id)
    return thing


def comes_first(thing_id: int, now: datetime) -> bool:
    """Whether the form of this request, about this thing, has not come before; without a name it comes first each time.

    It is noted; the caller commits before it acts.
    """
    if not request.form.get(NAME):
        return True
    owner_id, digest = current_user.id, _digest()
    if made_by_form(db.session, owner_id, digest, now) is not None:
        return False
    note_made(db.session, owner_id, digest, thing_id)
    return True


def _digest() -> str:
    sent = sorted((name, value) for name, value in request.form.items(multi=True) if name not in IGNORED)
    return hashlib.sha256(json.dumps([request.endpoint, sent]).encode()).hexdigest()
