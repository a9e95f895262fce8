"""The flask commands."""

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from mailer.cli_accounts import create_user
from mailer.cli_addresses import erase_for_good, export_address
from mailer.cli_clients import import_clients
from mailer.cli_keeping import backup, hold_restored_mailings, prune, restore
from mailer.cli_sending import mailing_report, send_mailings
from mailer.cli_sums import rebuild_sums
from mailer.delivery.agreement import SettingsDiffer, require_agreement
from mailer.delivery.queues import RedisNotConfigured
from mailer.delivery.scheduler import schedule
from mailer.delivery.worker import work
from mailer.extensions import db
from mailer.logs import log_to_console


def register(app: Flask) -> None:
    sending = (send_mailings, mailing_report, import_clients, create_user)
    keeping = (backup, restore, hold_restored_mailings, prune, rebuild_sums, export_address, erase_for_good)
    for command in (worker, scheduler, *sending, *keeping):
        app.cli.add_command(command)


@click.command("worker")
@with_appcontext
def worker() -> None:
    """Deliver mailings until SIGTERM; run as many of these as you like, on any host."""
    log_to_console()
    try:
        require_agreement(db.engine, current_app.config)
        work(_app())
    except (SettingsDiffer, RedisNotConfigured) as trouble:
        raise click.ClickException(str(trouble)) from None


@click.command("scheduler")
@with_appcontext
def scheduler() -> None:
    """Start booked mailings at their time, and put right whatever stands still, until SIGTERM."""
    log_to_console()
    try:
        schedule(_app())
    except RedisNotConfigured as trouble:
        raise click.ClickException(str(trouble)) from None


def _app() -> Flask:
    # The app behind the proxy; Flask's types do not name this method.
    return current_app._get_current_object()  # type: ignore[attr-defined, no-any-return]
