"""Whether this installation works, for those who ask often and must not wait."""

import functools
from dataclasses import dataclass, replace
from typing import Any

from flask import Config
from sqlalchemy import Engine, NullPool, create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from mailer.delivery.bell import redis_answers
from mailer.delivery.presence import Presence, presence
from mailer.domain.clock import database_now
from mailer.domain.holds import holds_on_account
from mailer.domain.overdue import overdue_starts
from mailer.web.hold_words import hold_words

# PostgreSQL's driver knows whole seconds, and no fewer than two.
PATIENCE_SECONDS = 2


@dataclass(frozen=True)
class Health:
    """What answers, and the kind of hold on the account: `ok` for none, `unknown` while the database is silent.

    `hold` says why it is held, until when and what to do, in our words only: those who ask are not signed in.
    """

    database: bool
    redis: bool
    account: str
    hold: dict[str, str | None] | None = None
    # Who lives, and how many mailings have been due for a minute; None where that cannot be told.
    presence: Presence | None = None
    overdue_starts: int | None = None

    @property
    def is_ok(self) -> bool:
        return self.database and self.redis

    def as_json(self) -> dict[str, Any]:
        status = "ok" if self.is_ok else "error"
        told: dict[str, Any] = {"status": status, "database": self.database, "redis": self.redis}
        told |= {
            "account": self.account,
            "worker": self.presence.workers > 0 if self.presence else None,
            "scheduler": self.presence.has_scheduler if self.presence else None,
            "overdue_starts": self.overdue_starts,
        }
        return told if self.hold is None else told | {"hold": self.hold}


def health(config: Config) -> Health:
    """The state of things now; it takes a few seconds at the most, whatever hangs."""
    try:
        with Session(short_engine(config["SQLALCHEMY_DATABASE_URI"])) as session:
            now = database_now(session)
            holds = holds_on_account(session, now)
            overdue = overdue_starts(session, now, must_be_confirmed=config["REQUIRE_CONFIRMED_EMAIL"]).count
    except SQLAlchemyError:
        return Health(database=False, redis=redis_answers(), account="unknown")
    who = presence(patience=0.5) if redis_answers() else None
    well = Health(database=True, redis=redis_answers(), account="ok", presence=who, overdue_starts=overdue)
    if not holds:
        return well
    words, until = hold_words(holds[0]), holds[0].until
    hold = {
        "reason": words.line,
        "until": until.isoformat(timespec="seconds") if until else None,
        "what_to_do": " ".join(words.steps),
    }
    return replace(well, account=holds[0].kind.value, hold=hold)


@functools.cache
def short_engine(url: str) -> Engine:
    """Connections of its own, made for each question: the application's may be busy, or patient with a dead server."""
    if url.startswith("sqlite:"):
        return create_engine(url, poolclass=NullPool, connect_args={"timeout": PATIENCE_SECONDS})
    milliseconds = 1000 * PATIENCE_SECONDS
    patience = {
        "connect_timeout": PATIENCE_SECONDS,
        "tcp_user_timeout": milliseconds,
        "options": f"-c statement_timeout={milliseconds}",
    }
    return create_engine(url, poolclass=NullPool, connect_args=patience)
