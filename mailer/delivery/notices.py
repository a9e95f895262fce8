"""The system's own mail to its users, sent with Flask-Mail. All of it passes `send_notice`."""

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

from mailer.domain.clock import database_now
from mailer.domain.notices import claim_notice, link_token, mark_sent
from mailer.domain.texts import CONTROL_CHARACTERS
from mailer.extensions import db, mail
from mailer.models.mailings import Mailing
from mailer.models.notices import NoticeKind
from mailer.models.transactions import begin_writing
from mailer.models.users import User

logger = logging.getLogger(__name__)

LANGUAGE = "en"

# Where the links in letters lead; the views of mailer.auth answer there.
LINK_PATHS = {
    NoticeKind.RESET_PASSWORD: "/auth/reset-password/",
    NoticeKind.CONFIRM_ADDRESS: "/auth/confirm/",
    NoticeKind.NEW_ADDRESS: "/auth/confirm/",
}


def deliver_notice(config: dict[str, Any], notice_id: int) -> bool:
    """Send the letter in this row if it is due; False when it was not, or when the mail server did not take it.

    Its link is worked out here and now: nothing that is queued or kept holds it.
    """
    with Session(db.engine) as session:
        begin_writing(session)
        notice = claim_notice(session, notice_id, database_now(session))
        session.commit()
        if notice is None:
            return False
        user = session.get_one(User, notice.user_id)
        path = LINK_PATHS.get(notice.kind)
        link = f"{config['BASE_URL']}{path}{link_token(notice, config['SECRET_KEY'])}" if path else ""
        name, email, language = notice.kind.value, notice.email, user.language
        session.expunge_all()
    context = {"user": user, "email": email, "link": link, "base_url": config["BASE_URL"]}
    if not send_notice(name, email, config, language, **context):
        return False
    with Session(db.engine) as session:
        begin_writing(session)
        mark_sent(session, notice_id)
        session.commit()
    return True


def tell_owner_of_missed_window(config: dict[str, Any], mailing_id: int) -> bool:
    """Tell the owner that nobody was written to, and why; False when the mail server did not take it."""
    with Session(db.engine) as session:
        mailing = session.get_one(
            Mailing, mailing_id, options=[joinedload(Mailing.owner), joinedload(Mailing.message)]
        )
        link = f"{config['BASE_URL']}/mailings/{mailing.id}"
        language = mailing.owner.language
        return send_notice("missed_window", mailing.owner.email, config, language, mailing=mailing, link=link)


def send_notice(name: str, email: str, config: dict[str, Any], language: str = "", /, **context: Any) -> bool:
    """Send the letter in templates/mail/<name>/; False, with a log line, when the mail server did not take it.

    `language` is the reader's, where it is known.
    """
    with force_locale(language or LANGUAGE):
        subject = render_template(f"mail/{name}/subject.txt", **context)
        letter = Letter(
            # A name in it may be older than the rule that it has one line.
            subject=" ".join(CONTROL_CHARACTERS.sub(" ", subject).split()),
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
