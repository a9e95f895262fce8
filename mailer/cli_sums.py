"""`flask rebuild-sums`: the sums that the reports read, made anew or proven."""

import sys
from collections.abc import Iterator

import click
from flask.cli import with_appcontext
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.delivery.summing import sum_mailing
from mailer.domain.proving import Difference, differences, ticket_of
from mailer.extensions import db
from mailer.models.mailings import Mailing, MailingStatus


@click.command("rebuild-sums")
@click.option("--check", is_flag=True, help="Change nothing; count every row again, and name each sum that differs.")
@with_appcontext
def rebuild_sums(check: bool) -> None:
    """Make the sums of all completed mailings anew, while everything runs. Reports read them instead of the rows.

    They are made by themselves in the background; this is for who wants them at once, or proven. With --check: exit 1
    if a sum is not what the rows come to. What is kept of pruned attempts stays as it is.
    """
    if check:
        _check()
        return
    count = sum(sum_mailing(db.engine, mailing_id) for mailing_id in _completed_ids())
    click.echo(ngettext("%(count)s mailing summed.", "%(count)s mailings summed.", count, count=f"{count:,}"))


def _completed_ids() -> Iterator[int]:
    """The completed mailings, the latest first, with the count of those done on a terminal."""
    with Session(db.engine) as session:
        completed = select(Mailing.id).where(Mailing.status == MailingStatus.COMPLETED).order_by(Mailing.id.desc())
        ids = session.scalars(completed).all()
    for place, mailing_id in enumerate(ids):
        if sys.stderr.isatty():
            click.echo(f"\r{place:,} / {len(ids):,}", nl=False, err=True)
        yield mailing_id


def _check() -> None:
    proven = unsummed = 0
    found: list[Difference] = []
    for mailing_id in _completed_ids():
        of_mailing = _differences(mailing_id)
        if of_mailing is None:
            unsummed += 1
        else:
            proven += not of_mailing
            found += of_mailing
    for difference in found:
        click.echo(_words(difference), err=True)
    click.echo(
        ngettext(
            "The sums of %(count)s mailing are what its rows come to.",
            "The sums of %(count)s mailings are what their rows come to.",
            proven,
            count=f"{proven:,}",
        )
    )
    if unsummed:
        click.echo(
            ngettext(
                "%(count)s mailing has no sums yet, and its rows are counted instead.",
                "%(count)s mailings have no sums yet, and their rows are counted instead.",
                unsummed,
                count=f"{unsummed:,}",
            )
        )
    if found:
        sys.exit(1)


def _differences(mailing_id: int) -> list[Difference] | None:
    """The differences; None where there are no sums that count. What changes meanwhile is compared once more."""
    with Session(db.engine) as session:
        while (ticket := ticket_of(session, mailing_id)) is not None:
            found = differences(session, mailing_id)
            session.rollback()
            if not found or ticket_of(session, mailing_id) == ticket:
                return found
    return None


def _words(difference: Difference) -> str:
    of_what = {
        "recipients": _("recipients %(key)s", key=difference.key),
        "quarters": _("attempts of the quarter of an hour %(key)s", key=difference.key),
        "domains": _("attempts at the domain %(key)s", key=difference.key),
        "replies": _("attempts answered with %(key)s", key=difference.key),
    }
    words: str = _(
        "Mailing %(id)s, %(what)s: %(summed)s in the sums, %(counted)s in the rows.",
        id=difference.mailing_id,
        what=of_what[difference.what],
        summed=difference.summed,
        counted=difference.counted,
    )
    return words
