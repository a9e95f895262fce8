"""The first page, the button that lets the account try again, and the answer to those who watch from outside."""

import hmac
from dataclasses import asdict
from datetime import UTC, datetime

from flask import Blueprint, abort, current_app, jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from prometheus_client import CONTENT_TYPE_LATEST
from werkzeug.wrappers import Response

from mailer.delivery.bell import redis_answers, ring_lanes, ring_probe
from mailer.delivery.standstill import standing_now
from mailer.domain.audit import Thing, record
from mailer.domain.books import books_of_each
from mailer.domain.clock import database_now
from mailer.domain.figures import (
    ClientFigures,
    Figures,
    client_figures_of,
    figures_of,
    latest_mailings,
)
from mailer.domain.holds import holds_on_mailings
from mailer.domain.moderation import MODERATORS
from mailer.domain.probation import allow_probe
from mailer.domain.progress import started_mailing_ids
from mailer.extensions import db
from mailer.home.health import health
from mailer.home.letters import letters
from mailer.home.metrics import metrics_text
from mailer.home.tasks import tasks
from mailer.models.audit import Action, ThingKind
from mailer.models.mailings import MailingStatus
from mailer.models.users import Role
from mailer.web.access import require_role
from mailer.web.actor import actor
from mailer.web.caching import SECONDS_OF_COUNTED_CLIENTS, remembered
from mailer.web.frame import account_holds
from mailer.web.htmx import moved
from mailer.web.scope import is_everybody_asked, mailings_in_scope

blueprint = Blueprint("home", __name__)

MAILINGS_SHOWN = {MailingStatus.STARTED: 10, MailingStatus.CREATED: 5, MailingStatus.COMPLETED: 5}


@blueprint.get("/")
def index() -> str:
    now, is_everybodys = datetime.now(UTC), is_everybody_asked()
    in_scope = mailings_in_scope(is_everybodys)
    owner_id = None if is_everybodys else current_user.id
    figures = figures_of(db.session, owner_id, now)
    clients = remembered_clients(figures, owner_id)
    mailings = latest_mailings(db.session, in_scope, MAILINGS_SHOWN)
    books = books_of_each(db.session, mailings)
    holds = holds_on_mailings(db.session, [mailing.id for mailing in mailings], now)
    of_status = {status: [mailing for mailing in mailings if mailing.status is status] for status in MailingStatus}
    return render_template(
        "home/index.html",
        now=now,
        is_everybodys=is_everybodys,
        may_see_everybodys=current_user.role in MODERATORS,
        figures=figures,
        clients=clients,
        letters=letters(in_scope, now, is_everybodys=is_everybodys, is_moving=may_move(figures, owner_id)),
        active=of_status[MailingStatus.STARTED],
        booked=sorted(of_status[MailingStatus.CREATED], key=lambda mailing: mailing.start_time),
        completed=of_status[MailingStatus.COMPLETED],
        books=books,
        holds=holds,
        account_holds=account_holds(),
        is_redis_away=not redis_answers(),
        standing=standing_now(db.session(), now),
        # What to do next is for the owner of a thing.
        tasks=[] if is_everybodys else tasks(figures, clients, mailings, books, holds),
    )


def remembered_clients(figures: Figures, owner_id: int | None) -> ClientFigures:
    """Counted anew as soon as there are others than there were."""

    def counts() -> dict[str, int]:
        return asdict(client_figures_of(db.session, owner_id))

    arguments = tuple(map(str, (owner_id, figures.latest_client, figures.latest_suppression)))
    return ClientFigures(**remembered("clients", arguments, counts, lambda _counted: SECONDS_OF_COUNTED_CLIENTS))


def may_move(figures: Figures, owner_id: int | None) -> bool:
    """Whether the figures may change without a form of this user's; of everybody's nobody knows."""
    return owner_id is None or bool(figures.started or figures.created)


@blueprint.post("/account/release")
@require_role(Role.ADMIN)
def release_account() -> Response:
    """An admin's "try now": one letter shows whether the account is right again, before anything else leaves.

    Only admins may: whoever tries before a block has ended prolongs it for everybody.
    """
    now = database_now(db.session)
    held = allow_probe(db.session, now)
    if held:
        account = Thing(ThingKind.ACCOUNT, current_app.config["MAIL_SERVER"])
        record(db.session, Action.RELEASE, actor(), now, account)
    waiting = started_mailing_ids(db.session)
    stopped = holds_on_mailings(db.session, waiting, now)
    db.session.commit()
    if not held:
        return moved(_("The account is not held."), location=url_for(".index"))
    probes = [mailing_id for mailing_id in waiting if mailing_id not in stopped]
    is_heard = any([ring_lanes(mailing_id) for mailing_id in probes]) if probes else ring_probe(current_user.id)
    if not is_heard:
        words = _("Redis does not answer, so the try waits until it is back.")
    elif probes:
        words = _("One letter is being tried. If the server takes it, sending goes on by itself.")
    else:
        words = _("A letter to you is being tried. If the server takes it, mail goes out again.")
    return moved(words, location=url_for(".index"))


@blueprint.get("/metrics")
def metrics() -> ResponseReturnValue:
    """Only for whoever has the token (RFC 6750); where none is set, there is nothing here."""
    token = current_app.config["METRICS_TOKEN"]
    if not token:
        abort(404)
    given = request.headers.get("Authorization", "")
    if not hmac.compare_digest(given.encode(errors="replace"), f"Bearer {token}".encode()):
        return Response("", 401, {"WWW-Authenticate": 'Bearer realm="metrics"'})
    return Response(metrics_text(current_app.config), content_type=CONTENT_TYPE_LATEST)


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    found = health(current_app.config)
    return jsonify(found.as_json()), 200 if found.is_ok else 503
