"""`flask send-mailings` and `flask mailing-report`."""

import json
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy.orm import joinedload

from mailer.delivery.agreement import SettingsDiffer, adopt_base_url, require_agreement
from mailer.delivery.bell import ring_start
from mailer.delivery.here import GOES_ON, deliver_here, due_mailings
from mailer.delivery.links import are_links_refused, refusal
from mailer.delivery.reconcile import ring_lanes_of
from mailer.delivery.stopping import stop_on_sigterm, stop_requested
from mailer.domain.audit import COMMAND_LINE, record
from mailer.domain.books import Books, books_of
from mailer.domain.clock import database_now
from mailer.domain.errors import (
    AddressNotConfirmed,
    AlreadyStarted,
    EmptyAudience,
    MailingHeld,
    OwnerBlocked,
    WindowOver,
)
from mailer.domain.progress import request_start
from mailer.extensions import db
from mailer.models.audit import Action
from mailer.models.mailings import Mailing, MailingStatus
from mailer.models.transactions import begin_writing

# Some recipients were neither accepted nor suppressed.
EXIT_INCOMPLETE = 3
LOOK_SECONDS = 0.5


@click.command("send-mailings")
@click.option("--mailing", "mailing_id", type=int, help="Start this one now, whatever its start time.")
@click.option("--here", is_flag=True, help="Deliver in this process, without Redis and workers.")
@click.option("--dry-run", is_flag=True, help="Say what would be sent, and send nothing.")
@click.option("--wait", is_flag=True, help="Show the progress until everything is done.")
@with_appcontext
def send_mailings(mailing_id: int | None, here: bool, dry_run: bool, wait: bool) -> None:
    """Start every mailing whose time has come, and carry on the started ones.

    Exit status 0: everything due was started (with --wait or --here: every recipient is accepted or suppressed);
    3: some recipients are not; 1: an error.
    """
    mailings = [_mailing(mailing_id)] if mailing_id is not None else _due()
    if dry_run:
        _say_what_is_due(mailings)
        return
    _require_links(mailings)
    if mailing_id is not None:
        _ask_for_start(mailings[0])
    mailing_ids = [mailing.id for mailing in mailings]
    if here:
        _deliver_here(mailing_ids, wait=wait)
    else:
        _ring(mailing_ids)
        if wait:
            _watch(mailing_ids)
    if here or wait:
        _say_how_it_ended(mailing_ids)
    elif not mailing_ids:
        click.echo("Nothing is due.")


@click.command("mailing-report")
@click.argument("mailing_id", type=int)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
@with_appcontext
def mailing_report(mailing_id: int, as_json: bool) -> None:
    """Show the books of one mailing: seven counts that add up to the total."""
    mailing = _mailing(mailing_id)
    books = books_of(db.session, mailing)
    report = {"id": mailing.id, "status": mailing.status.value, "total": books.total, **asdict(books)}
    if as_json:
        click.echo(json.dumps(report))
        return
    for name, value in report.items():
        click.echo(f"{name:>10}  {value}")


def _mailing(mailing_id: int) -> Mailing:
    mailing = db.session.get(Mailing, mailing_id, options=[joinedload(Mailing.message)])
    if mailing is None:
        raise click.ClickException(f"There is no mailing {mailing_id}.")
    return mailing


def _must_be_confirmed() -> bool:
    return bool(current_app.config["REQUIRE_CONFIRMED_EMAIL"])


def _due() -> list[Mailing]:
    return list(due_mailings(db.session(), database_now(db.session), must_be_confirmed=_must_be_confirmed()))


def _say_what_is_due(mailings: Sequence[Mailing]) -> None:
    for mailing in mailings:
        books = books_of(db.session, mailing)
        click.echo(f"{mailing.id}: {books.pending} of {books.total} recipients would be written to.")
    if not mailings:
        click.echo("Nothing is due.")


def _require_links(mailings: Sequence[Mailing]) -> None:
    """End here when a mailing is to start whose links would not be https; started ones are carried on."""
    adopt_base_url(db.engine, current_app.config)
    if are_links_refused(current_app.config) and any(each.status is MailingStatus.CREATED for each in mailings):
        raise click.ClickException(f"No mailing can start. {refusal(current_app.config)}")


def _ask_for_start(mailing: Mailing) -> None:
    """Put the start time to now; one that has started already is only carried on."""
    db.session.rollback()
    begin_writing(db.session)
    db.session.refresh(mailing)
    now = database_now(db.session)
    try:
        request_start(db.session, mailing, now, must_be_confirmed=_must_be_confirmed())
    except AlreadyStarted:
        db.session.rollback()
        return
    except AddressNotConfirmed:
        raise click.ClickException(f"The owner of mailing {mailing.id} has not confirmed the address yet.") from None
    except OwnerBlocked:
        raise click.ClickException(f"The owner of mailing {mailing.id} is blocked.") from None
    except MailingHeld:
        raise click.ClickException(f"Mailing {mailing.id} is held; resume it first.") from None
    except WindowOver as over:
        raise click.ClickException(f"The window of mailing {mailing.id} ended at {over.end_time:%F %T} UTC.") from None
    except EmptyAudience:
        raise click.ClickException(f"Mailing {mailing.id} has no recipients.") from None
    record(db.session, Action.START, COMMAND_LINE, now, mailing)
    db.session.commit()


def _ring(mailing_ids: Sequence[int]) -> None:
    for mailing_id in mailing_ids:
        status = db.session.get_one(Mailing, mailing_id, populate_existing=True).status
        if status is MailingStatus.CREATED:
            if not ring_start(mailing_id):
                raise click.ClickException("Redis does not answer, so no worker can be told. Try again, or use --here.")
        elif status is MailingStatus.STARTED:
            ring_lanes_of(mailing_id)


def _deliver_here(mailing_ids: Sequence[int], *, wait: bool) -> None:
    try:
        require_agreement(db.engine, current_app.config)
    except SettingsDiffer as difference:
        raise click.ClickException(str(difference)) from None
    stop_on_sigterm()
    signal.signal(signal.SIGINT, signal.getsignal(signal.SIGTERM))
    for mailing_id in mailing_ids:
        while not stop_requested():
            db.session.rollback()
            end = deliver_here(db.engine, current_app.config, mailing_id)
            if not wait or end not in GOES_ON or _is_completed(mailing_id):
                break
            time.sleep(LOOK_SECONDS)


def _watch(mailing_ids: Sequence[int]) -> None:
    for mailing_id in mailing_ids:
        total = _books(mailing_id).total
        with click.progressbar(length=total, label=f"mailing {mailing_id}", file=sys.stderr) as bar:
            while not _is_completed(mailing_id):
                bar.update(_books(mailing_id).settled - bar.pos)
                time.sleep(LOOK_SECONDS)
            bar.update(_books(mailing_id).settled - bar.pos)


def _say_how_it_ended(mailing_ids: Sequence[int]) -> None:
    is_complete = True
    for mailing_id in mailing_ids:
        books = _books(mailing_id)
        click.echo(
            f"{mailing_id}: {books.accepted} of {books.total} accepted, {books.failed} failed, "
            f"{books.unknown} unknown, {books.suppressed} suppressed, {books.expired} expired, "
            f"{books.sending + books.pending} still pending."
        )
        is_complete = is_complete and books.accepted + books.suppressed == books.total
    if not is_complete:
        sys.exit(EXIT_INCOMPLETE)


def _books(mailing_id: int) -> Books:
    db.session.rollback()
    return books_of(db.session, db.session.get_one(Mailing, mailing_id, populate_existing=True))


def _is_completed(mailing_id: int) -> bool:
    db.session.rollback()
    return db.session.get_one(Mailing, mailing_id, populate_existing=True).status is MailingStatus.COMPLETED
