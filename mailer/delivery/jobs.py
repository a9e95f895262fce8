"""The jobs that RQ runs. They take ids, read everything else anew, and a job run twice does its work once."""

from flask import current_app
from rq import get_current_job

from mailer.delivery import notices
from mailer.delivery.bell import ring_import
from mailer.delivery.counting import LaneCounts
from mailer.delivery.delivering import deliver_mailing
from mailer.delivery.importing import work_through
from mailer.delivery.lane import End
from mailer.delivery.lane_progress import show_progress
from mailer.delivery.notices import deliver_notice
from mailer.delivery.queues import redis_connection
from mailer.delivery.reconcile import ring_lanes_of
from mailer.delivery.starting import start_now
from mailer.delivery.stopping import stop_requested
from mailer.delivery.tallies import Teller
from mailer.delivery.waiting import Waiting, count_workers, is_start_waiting
from mailer.domain.progress import Start
from mailer.extensions import db


def start_mailing(mailing_id: int) -> str:
    """Start a mailing whose time has come and ring for its lanes."""
    start = start_now(mailing_id)
    if start is Start.STARTED:
        ring_lanes_of(mailing_id, is_first=True)
    return start.value


def deliver(mailing_id: int) -> str:
    """Run one lane of a mailing; ring for another one when it had to give its worker up."""
    connection, job = redis_connection(), get_current_job()
    waiting, teller = Waiting(connection, mailing_id), Teller()

    def tell(counts: LaneCounts) -> None:
        teller.tell(connection, counts.tallies())
        if job:
            show_progress(connection, job, mailing_id, counts.states)

    end = deliver_mailing(
        db.engine,
        current_app.config,
        mailing_id,
        worker_count=count_workers(),
        wanted_elsewhere=waiting.is_worker_wanted,
        tell=tell,
    )
    if end in (End.YIELDED, End.STOPPED):
        ring_lanes_of(mailing_id)
    return end.value if end else "no lane was needed"


def import_clients(import_id: int) -> str:
    """Work through an uploaded file of clients; ring again when the worker is wanted for a start, or stops."""
    connection = redis_connection()
    if work_through(db.engine, import_id, wanted_elsewhere=lambda: stop_requested() or is_start_waiting(connection)):
        return "done"
    ring_import(import_id)
    return "other work waits"


def send_letter(notice_id: int) -> str:
    """Send one of the system's own letters, if it is still due."""
    return "sent" if deliver_notice(current_app.config, notice_id) else "not sent"


def tell_that_account_works(hold_id: int) -> int:
    """Tell owners and admins that a hold on the account is over."""
    return notices.tell_that_account_works(current_app.config, hold_id)


def probe_account(user_id: int) -> bool:
    """Try the account after a hold with a letter to the admin who asked for it."""
    return notices.send_probe(current_app.config, user_id)
