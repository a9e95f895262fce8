"""The system's own mail to its users, sent with Flask-Mail."""

import logging
import smtplib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import render_template
from flask_babel import force_locale
from flask_mail import Message as Letter
from sqlalchemy.orm import Session, joinedload

from mailer.extensions import db, mail
from mailer.models.mailings import Mailing

logger = logging.getLogger(__name__)

LANGUAGE = "en"


def tell_owner_of_missed_window(config: dict[str, Any], mailing_id: int) -> bool:
    """Tell the owner that nobody was written to, and why; False when the mail server did not take it."""
    with Session(db.engine) as session:
        mailing = session.get_one(
            Mailing, mailing_id, options=[joinedload(Mailing.owner), joinedload(Mailing.message)]
        )
        link = f"{config['BASE_URL']}/mailings/{mailing.id}"
        return send_notice("missed_window", mailing.owner.email, config, mailing=mailing, link=link)


def send_notice(name: str, email: str, config: dict[str, Any], **context: Any) -> bool:
    """Send the letter in templates/mail/<name>/; False, with a log line, when the mail server did not take it."""
    with force_locale(LANGUAGE):
        letter = Letter(
            subject=render_template(f"mail/{name}/subject.txt", **context).strip(),
            body=render_template(f"mail/{name}/body.txt", **context),
            recipients=[email],
            # RFC 3834: no other machine shall answer this one.
            extra_headers={"Auto-Submitted": "auto-generated"},
        )
    try:
        with _deadline(config["MAIL_TIMEOUT"]):
            mail.send(letter)
    except (smtplib.SMTPException, OSError) as error:
        logger.warning("The notice %s could not be sent: %s", name, error)
        return False
    return True


@contextmanager
def _deadline(seconds: float) -> Iterator[None]:
    """Give Flask-Mail's socket, which has no setting of its own for it, a deadline on every read."""
    earlier = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(earlier)
