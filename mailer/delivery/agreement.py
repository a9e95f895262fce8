"""What all processes of one installation must agree on: where its links point, which account sends its mail, how
much it may send, and whether its links may do without https.

The web process writes them into the database when it starts; whoever delivers compares its own settings with
them first, because a second account or address would send letters that nobody could account for.
"""

import time
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from mailer.domain.clock import database_now
from mailer.domain.holds import lift_account_holds
from mailer.models.transactions import begin_writing
from mailer.models.users import SharedSetting

BASE_URL = "BASE_URL"
MAIL_ACCOUNT = "MAIL_*"
MAIL_LIMITS = "MAIL_LIMITS"
ALLOW_HTTP_LINKS = "ALLOW_HTTP_LINKS"

# A web process that starts at the same moment gets this long to write what it has.
PATIENCE_SECONDS = 10


class SettingsDiffer(Exception):
    """This process would send other letters than the installation does; the text names the difference."""


def own_settings(config: dict[str, Any]) -> dict[str, str]:
    """The settings of this process, without any secret."""
    name, address = config["MAIL_DEFAULT_SENDER"]
    if config["IS_OUTBOX_USED"]:
        server = "the outbox"
    else:
        server = f"{config['MAIL_SERVER']}:{config['MAIL_PORT']} as {config['MAIL_USERNAME'] or 'nobody'}"
    limits = ", ".join(f"{letters} in {seconds} s" for letters, seconds in config["MAIL_LIMITS"]) or "none"
    return {
        BASE_URL: config["BASE_URL"],
        MAIL_ACCOUNT: f"{server}, from {name} <{address}>",
        MAIL_LIMITS: limits,
        ALLOW_HTTP_LINKS: "yes" if config["ALLOW_HTTP_LINKS"] else "no",
    }


def record_settings(engine: Engine, config: dict[str, Any]) -> None:
    """Write down this process's settings for the others; a new mail account starts without the old one's holds."""
    with Session(engine) as session:
        begin_writing(session)
        now = database_now(session)
        for name, value in own_settings(config).items():
            setting = session.get(SharedSetting, name)
            if setting is not None and setting.value == value:
                continue
            session.merge(SharedSetting(name=name, value=value, updated_at=now))
            if name == MAIL_ACCOUNT:
                lift_account_holds(session, now)
        session.commit()


def require_agreement(engine: Engine, config: dict[str, Any]) -> None:
    """Make sure that this process may deliver. A BASE_URL that was not given here is taken from the installation.

    Raises SettingsDiffer.
    """
    if config["IS_OUTBOX_USED"] and not config["MAIL_PORT"]:
        raise SettingsDiffer("MAIL_SERVER: none is set, and no outbox is running. Start one with: make run")
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while differences := _differences(engine, config):
        if time.monotonic() >= give_up_at:
            raise SettingsDiffer(" ".join(differences))
        time.sleep(0.5)


def adopt_base_url(engine: Engine, config: dict[str, Any]) -> None:
    """Where no BASE_URL was given here, take the installation's."""
    if not config["IS_BASE_URL_GIVEN"]:
        with Session(engine) as session:
            recorded = session.get(SharedSetting, BASE_URL)
        config["BASE_URL"] = recorded.value if recorded is not None else config["BASE_URL"]


def _differences(engine: Engine, config: dict[str, Any]) -> list[str]:
    adopt_base_url(engine, config)
    with Session(engine) as session:
        recorded = {setting.name: setting.value for setting in session.scalars(select(SharedSetting))}
    return [
        f"{name}: here it is {own!r}, but the installation's web process has {recorded[name]!r}."
        for name, own in own_settings(config).items()
        if name in recorded and recorded[name] != own
    ]
