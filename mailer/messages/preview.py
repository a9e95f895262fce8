"""A message as a recipient will read it: taken out of a letter that was composed like those that go out."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import formataddr

from flask import current_app
from flask_login import current_user

from mailer.delivery.compose import END_OF_DATA, Composer
from mailer.domain.clients import clients_of
from mailer.domain.unsubscribe_links import UnsubscribeLinks
from mailer.extensions import db
from mailer.models.clients import Client

# A book of megabytes takes seconds to encode, and reads no other way: of that the heads alone are composed.
LONGEST_COMPOSED = 100_000


@dataclass(frozen=True)
class Letter:
    """What a mail program shows of a letter."""

    sender: str
    recipient: str
    subject: str
    body: str


def letter_of(subject: str, body: str) -> Letter:
    """The letter to the first of the user's clients or, where there is none, to the user."""
    first = clients_of(current_user.id).with_only_columns(Client.full_name, Client.email).order_by(Client.id).limit(1)
    name, address = db.session.execute(first).one_or_none() or (current_user.full_name, current_user.email)
    sender = current_app.config["MAIL_DEFAULT_SENDER"]
    reply_to = (current_user.full_name, current_user.email)
    is_short = len(body) <= LONGEST_COMPOSED
    composer = Composer(
        subject=subject,
        body=body if is_short else "",
        sender=sender,
        reply_to=reply_to,
        mailing_id=0,
        owner_id=0,
        base_url=current_app.config["BASE_URL"],
        # Sealed with a key of nobody's: whoever tries the link here must not unsubscribe a client.
        links=UnsubscribeLinks(bytes(32)),
    )
    raw = composer.letter(0, name, address, composer.letter_id(0, 1, "preview"), datetime.now(UTC))
    parsed = message_from_bytes(undotted(raw), EmailMessage, policy=policy.default)
    return Letter(
        sender=str(parsed["From"]),
        recipient=formataddr((name, address)) if name.isascii() else f"{name} <{address}>",
        subject=str(parsed["Subject"]),
        body=parsed.get_content().replace("\r\n", "\n").removesuffix("\n") if is_short else body,
    )


def undotted(letter: bytes) -> bytes:
    """A letter as it leaves the mail server: without the final dot and the doubled ones (RFC 5321, 4.5.2)."""
    return letter.removesuffix(END_OF_DATA).replace(b"\r\n..", b"\r\n.")
