"""The mail server's certificate: letters go only to whom it proves to be."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from mailer.delivery.lane import End
from mailer.domain.books import Books, books_of
from mailer.domain.clock import database_now
from mailer.domain.holds import holds_on_account
from mailer.models.lanes import HoldKind
from mailer.models.mailings import Mailing
from mailer.models.users import User
from tests.delivery.conftest import Deliver
from tests.support.certificates import self_signed, serving
from tests.support.factories import clients_with, started_mailing_of
from tests.support.smtp_server import SmtpServer


@pytest.fixture
def mailing(alice: User) -> Mailing:
    return started_mailing_of(alice, clients=clients_with(alice, *(f"ok{number}@example.org" for number in range(9))))


@contextmanager
def server_with(certificate: Path) -> Iterator[SmtpServer]:
    server = SmtpServer(tls=serving(certificate))
    server.start()
    try:
        yield server
    finally:
        server.stop()


def test_over_a_trusted_certificate_every_letter_goes_out(
    deliver: Deliver, session: Session, mailing: Mailing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = self_signed(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with server_with(certificate) as server:
        assert deliver(mailing, MAIL_PORT=server.port, MAIL_USE_SSL=True) is End.DRY
        assert len(server.ledger) == 9
    assert books_of(session, mailing) == Books(accepted=9)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({}, "self-signed certificate"),
        ({"is_for_us": False}, "IP address mismatch"),
        ({"is_valid": False}, "certificate has expired"),
    ],
    ids=["signed by nobody we know", "another host's", "expired"],
)
def test_a_wrong_certificate_holds_the_account_and_burns_nobody(
    deliver: Deliver,
    session: Session,
    mailing: Mailing,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    wrong: dict[str, bool],
    words: str,
) -> None:
    certificate = self_signed(tmp_path, **wrong)
    if wrong:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with server_with(certificate) as server:
        assert deliver(mailing, MAIL_PORT=server.port, MAIL_USE_SSL=True) is End.ACCOUNT_HELD
        (hold,) = holds_on_account(session, database_now(session))
        assert (hold.kind, hold.until) == (HoldKind.CERTIFICATE, None) and words in hold.reason
        session.rollback()
        # While it is held, nobody even knocks.
        server.go_away()
        assert deliver(mailing, MAIL_PORT=server.port, MAIL_USE_SSL=True) is End.ACCOUNT_HELD
        assert len(server.ledger) == 0
    assert books_of(session, mailing) == Books(pending=9)
