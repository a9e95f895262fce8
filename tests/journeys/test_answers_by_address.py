"""A mail server that treats each address differently: its books and ours agree."""

from sqlalchemy.orm import Session

from mailer.models.mailings import AttemptStatus, RecipientState
from mailer.models.users import User
from tests.journeys.steps import Watcher, addresses, assert_books_agree, due_mailing_of
from tests.support.processes import Processes
from tests.support.smtp_server import SmtpServer

COUNTS = {"ok": 30, "grey": 5, "grey-dot": 3, "user-unknown": 4, "spam": 2, "cut": 2, "drop": 2, "kept-drop": 2}

ENDS = {
    "ok": RecipientState.ACCEPTED,
    "grey": RecipientState.ACCEPTED,
    "grey-dot": RecipientState.ACCEPTED,
    "cut": RecipientState.ACCEPTED,
    "user-unknown": RecipientState.FAILED,
    "spam": RecipientState.FAILED,
    "drop": RecipientState.UNKNOWN,
    "kept-drop": RecipientState.UNKNOWN,
}


def test_the_final_books_agree_with_those_of_the_server(
    session: Session, alice: User, processes: Processes, smtp_server: SmtpServer
) -> None:
    emails = {behaviour: addresses(count, behaviour) for behaviour, count in COUNTS.items()}
    mailing = due_mailing_of(alice, [email for group in emails.values() for email in group])
    processes.start_worker()
    processes.start_worker()
    processes.start_scheduler()

    watcher = Watcher(session, mailing)
    watcher.wait_until_completed()

    assert_books_agree(watcher, smtp_server.ledger)
    states = watcher.states()
    expected = {email: ENDS[behaviour] for behaviour, group in emails.items() for email in group}
    assert states == expected
    logs = watcher.attempts()
    for email in emails["grey"]:
        assert logs[email][-1].status is AttemptStatus.SUCCESS
        # A line that another letter's fault has broken may have put this one off, too.
        [refusal] = [attempt for attempt in logs[email] if attempt.code == 451]
        assert (refusal.status, "Greylisted" in refusal.reply) == (AttemptStatus.DEFERRED, True)
    for email in emails["user-unknown"]:
        assert (logs[email][-1].code, logs[email][-1].reply) == (550, "5.1.1 User unknown")
    for email in emails["drop"] + emails["kept-drop"]:
        assert (logs[email][-1].status, logs[email][-1].code) == (AttemptStatus.UNKNOWN, None)
