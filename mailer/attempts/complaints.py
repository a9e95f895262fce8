"""What a mail provider is told about one letter, so that their people find it in their own logs."""

import re
from email.utils import format_datetime

from flask import current_app

from mailer.models.mailings import Attempt, Mailing, Recipient

# How servers name the letter that they have taken: Postfix, Exim, Exchange, and Google and its like.
QUEUE_IDS = (
    re.compile(r"\bqueued as ([\w.+/-]+)", re.IGNORECASE),
    re.compile(r"\bid=([\w.+/-]+)"),
    re.compile(r"\bInternalId=(\d+)"),
    re.compile(r"\bOK\s+(\d{6,}\s+[\w.-]+)", re.IGNORECASE),
)


def queue_id_in(reply: str) -> str | None:
    """The name under which the server keeps the letter; None where its answer gives none."""
    found = (pattern.search(reply) for pattern in QUEUE_IDS)
    return next((match[1].rstrip(".") for match in found if match), None)


def complaint(mailing: Mailing, recipient: Recipient, attempt: Attempt) -> str:
    """The lines to paste: the letter's own headers, who was spoken to, and the answer."""
    name, address = current_app.config["MAIL_DEFAULT_SENDER"]
    answer = f"{attempt.code} {attempt.reply}" if attempt.code else f"none ({attempt.reply})"
    lines = {
        "From": f"{name} <{address}>" if name else address,
        "To": recipient.email,
        "Subject": mailing.name,
        "Date": format_datetime(attempt.attempted_at),
        "Message-ID": f"<{attempt.letter_id}>" if attempt.letter_id else None,
        "Server": current_app.config["MAIL_SERVER"] or None,
        "Answer": answer,
        "Queue-ID": queue_id_in(attempt.reply),
    }
    return "\n".join(f"{name}: {value}" for name, value in lines.items() if value)
