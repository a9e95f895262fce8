"""The system's own mail to its users, sent with Flask-Mail. All of it passes `send_notice`."""

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from flask import render_template
from flask_babel import force_locale
from flask_mail import Message as Letter
from sqlalchemy.orm import Session, joinedload

from mailer.delivery.single_letters import Sending, SingleLetter, send_singly
from mailer.domain.clock import database_now
from mailer.domain.holds import concerned_by
from mailer.domain.notices import claim_notice, link_token, mark_sent
from mailer.domain.texts import CONTROL_CHARACTERS
from mailer.extensions import db, mail
from mailer.models.lanes import Hold
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


def tell_that_account_works(config: dict[str, Any], hold_id: int) -> int:
    """Tell admins, and the owners of the mailings that waited, that a hold on the account is over; to how many."""
    with Session(db.engine) as session:
        hold = session.get(Hold, hold_id)
        if hold is None or hold.lifted_at is None:
            return 0
        readers = session.execute(concerned_by(hold)).all()
    context = {"hold": hold, "link": config["BASE_URL"]}
    return sum(send_notice("account_works", email, config, language, **context) for email, language in readers)


def send_probe(config: dict[str, Any], user_id: int) -> bool:
    """The probe after a hold when no mailing waits: a letter to the admin who asked for it."""
    with Session(db.engine) as session:
        user = session.get(User, user_id)
    if user is None:
        return False
    return send_notice("account_probe", user.email, config, user.language, link=config["BASE_URL"])


def send_notice(name: str, email: str, config: dict[str, Any], language: str = "", /, **context: Any) -> bool:
    """Send the letter in templates/mail/<name>/; False, with a log line, when the mail server did not take it.

    It counts towards the limits of the account, and does not leave while the account is held. `language` is the
    reader's, where it is known.
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
    sent = send_singly(db.engine, config, partial(_hand_over, letter, config["MAIL_TIMEOUT"]))
    if sent.sending is not Sending.SENT:
        logger.warning("The notice %s could not be sent: %s %s", name, sent.sending.value, sent.words)
    return sent.sending is Sending.SENT


def _hand_over(letter: Letter, timeout: float) -> SingleLetter:
    with _deadline(timeout):
        mail.send(letter)
    return SingleLetter(Sending.SENT)


@contextmanager
def _deadline(seconds: float) -> Iterator[None]:
    """Give Flask-Mail's socket, which has no setting of its own for it, a deadline on every read."""
    earlier = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(earlier)
