"""The log of a process: sentences for whoever sits at a terminal, and a line of JSON each for files and collectors.

Addresses of people are not for the log: at INFO there are none, and what a mail server said is told from WARNING on.
"""

import json
import logging
import re
import sys
import uuid
from datetime import UTC, datetime
from typing import Any

from flask import g, has_request_context
from rq import get_current_job

SENTENCES = "%(asctime)s %(levelname)s %(name)s: %(message)s"

# How our messages and the ids of our jobs name a mailing.
MAILING = re.compile(r"\bmailing[ -](\d+)\b", re.IGNORECASE)


class JsonLines(logging.Formatter):
    """One object a line, with the ids of the request, the job and the mailing that it is about, where there are any."""

    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        told: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": message,
            **_ids(message),
        }
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False, default=str)


def log_to_console() -> None:
    """Log from INFO on to stderr, as lines of JSON unless that is a terminal."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(SENTENCES) if sys.stderr.isatty() else JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    # RQ tells every job's beginning and end at INFO; lanes tell theirs themselves.
    logging.getLogger("rq.worker").setLevel(logging.WARNING)
    # What it tells at INFO is who has tried too often, by name.
    logging.getLogger("flask-limiter").setLevel(logging.WARNING)


def _ids(message: str) -> dict[str, str | int]:
    ids: dict[str, str | int] = {}
    if has_request_context():
        ids["request"] = g.setdefault("request_id", uuid.uuid4().hex)
    job = get_current_job()
    if job is not None:
        ids["job"] = job.id
    mailing = MAILING.search(job.id if job is not None else "") or MAILING.search(message)
    if mailing is not None:
        ids["mailing"] = int(mailing[1])
    return ids
