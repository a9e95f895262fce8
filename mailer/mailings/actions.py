"""What an owner does with a mailing by a button. A second press changes nothing and says how things stand."""

from flask import current_app, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from mailer.delivery.bell import ring_lanes, ring_start
from mailer.domain.audit import record
from mailer.domain.books import books_of
from mailer.domain.clock import database_now
from mailer.domain.errors import AddressNotConfirmed, AlreadyStarted, EmptyAudience, MailingHeld, NotStarted, WindowOver
from mailer.domain.holds import hold_mailing, holds_on_mailing
from mailer.domain.progress import finish as finish_mailing
from mailer.domain.progress import request_start
from mailer.domain.progress import resume as resume_mailing
from mailer.domain.reach import reach_of_mailing
from mailer.extensions import db
from mailer.mailings.own import own_mailing, visible_mailing
from mailer.mailings.page import live_context
from mailer.models.audit import Action
from mailer.models.lanes import HoldKind
from mailer.models.mailings import Mailing, MailingStatus
from mailer.web.actor import actor
from mailer.web.formats import day_and_time
from mailer.web.htmx import done, moved, page_or_fragment
from mailer.web.limit_words import limit_words
from mailer.web.link_words import links_refusal


def ask_start(mailing_id: int) -> Response:
    mailing = own_mailing(mailing_id)
    if mailing.status is not MailingStatus.CREATED:
        return moved(already_started_words(mailing), location=url_for("mailings.show", mailing_id=mailing_id))
    reach = reach_of_mailing(db.session, mailing)
    limits = limit_words(reach.letters, mailing.end_time - database_now(db.session))
    context = {"mailing": mailing, "reach": reach, "limits": limits}
    return page_or_fragment("mailings/start.html", "mailings/_start.html", **context)


def start(mailing_id: int) -> Response:
    mailing, now = own_mailing(mailing_id), database_now(db.session)
    if words := links_refusal():
        return unchanged(mailing, words)
    try:
        request_start(
            db.session, mailing, now, must_be_confirmed=current_app.config["REQUIRE_CONFIRMED_EMAIL"]
        )
    except AlreadyStarted:
        return unchanged(mailing, already_started_words(mailing))
    except AddressNotConfirmed:
        return unchanged(mailing, not_confirmed_words())
    except MailingHeld:
        return unchanged(mailing, _("This mailing is held, so it cannot start. What stops it stands above its books."))
    except WindowOver as over:
        end = day_and_time(over.end_time)
        return unchanged(mailing, _("Its window was over at %(time)s. Edit it and choose a later end.", time=end))
    except EmptyAudience:
        return unchanged(mailing, _("Nobody would be written to: none of its recipients is on file. Choose others."))
    record(db.session, Action.START, actor(), now, mailing)
    db.session.commit()
    return changed(mailing_id, ring_start(mailing_id), _("It starts now."))


def pause(mailing_id: int) -> Response:
    mailing = own_mailing(mailing_id)
    if mailing.status is MailingStatus.COMPLETED:
        return unchanged(mailing, _("This mailing is completed, so there is nothing to pause."))
    now = database_now(db.session)
    if not hold_mailing(db.session, mailing_id, HoldKind.PAUSED, now, placed_by_id=mailing.owner_id):
        return unchanged(mailing, _("This mailing is paused already."))
    record(db.session, Action.PAUSE, actor(), now, mailing)
    db.session.commit()
    return changed(mailing_id, True, _("Paused. Letters that have begun are finished, and no other begins."))


def resume(mailing_id: int) -> Response:
    mailing = own_mailing(mailing_id)
    now = database_now(db.session)
    if not resume_mailing(db.session, mailing, now):
        return unchanged(mailing, _("This mailing is not paused."))
    record(db.session, Action.RESUME, actor(), now, mailing)
    is_started, start_time = mailing.status is MailingStatus.STARTED, mailing.start_time
    is_still_held = bool(holds_on_mailing(db.session, mailing_id, now))
    db.session.commit()
    if is_still_held:
        return changed(mailing_id, True, _("Resumed. It is still disabled, so no letter begins before it is enabled."))
    if is_started:
        return changed(mailing_id, ring_lanes(mailing_id), _("Resumed. Sending goes on."))
    if start_time <= now:
        return changed(mailing_id, ring_start(mailing_id), _("Resumed. It starts now."))
    start = day_and_time(start_time)
    return changed(mailing_id, True, _("Resumed. It starts by itself: %(time)s.", time=start))


def ask_finish(mailing_id: int) -> Response:
    mailing = own_mailing(mailing_id)
    if mailing.status is not MailingStatus.STARTED:
        return moved(not_started_words(mailing), location=url_for("mailings.show", mailing_id=mailing_id))
    books = books_of(db.session, mailing)
    return page_or_fragment("mailings/finish.html", "mailings/_finish.html", mailing=mailing, books=books)


def finish(mailing_id: int) -> Response:
    mailing, now = own_mailing(mailing_id), database_now(db.session)
    try:
        finish_mailing(db.session, mailing, now)
    except NotStarted:
        return unchanged(mailing, not_started_words(mailing))
    record(db.session, Action.FINISH, actor(), now, mailing)
    db.session.commit()
    return changed(mailing_id, True, _("Finished. Recipients whose letters had not begun are expired."))


def not_confirmed_words() -> str:
    return str(_("Your address is not confirmed yet, so no mailing of yours can start. Your profile says what to do."))


def already_started_words(mailing: Mailing) -> str:
    if mailing.status is MailingStatus.COMPLETED:
        return str(_("This mailing is completed. It can be sent again to those who did not get it."))
    return str(_("This mailing has started already."))


def not_started_words(mailing: Mailing) -> str:
    if mailing.status is MailingStatus.COMPLETED:
        return str(_("This mailing is completed already."))
    return str(_("This mailing has not started, so there is nothing to finish. Delete it if it is not to go out."))


def changed(mailing_id: int, is_heard: bool, words: str) -> Response:
    """The mailing's page after a change; `is_heard` tells whether Redis took the news."""
    waiting = _("Done. Redis does not answer, so sending waits until it is back.")
    return shown(visible_mailing(mailing_id), words if is_heard else waiting)


def unchanged(mailing: Mailing, words: str) -> Response:
    """The mailing's page as it is, and why nothing was done."""
    db.session.rollback()
    return shown(visible_mailing(mailing.id), words)


def shown(mailing: Mailing, words: str) -> Response:
    location = url_for("mailings.show", mailing_id=mailing.id)
    return done(words, "mailings/_live.html", location=location, **live_context(mailing))
