"""The tests' own SMTP server does what the tests rely on."""

import smtplib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.smtp_faults import LOGIN_REFUSED, SENDER_REFUSED, TOO_BUSY
from tests.support.smtp_ledger import read_ledger
from tests.support.smtp_server import SmtpServer
from tests.support.waiting import wait_until

LETTER = "Subject: x\r\n\r\n.\r\n..two dots\r\n"


@pytest.fixture
def client(smtp_server: SmtpServer) -> Iterator[smtplib.SMTP]:
    client = smtplib.SMTP("127.0.0.1", smtp_server.port, timeout=5)
    yield client
    client.close()


def test_a_letter_is_kept_as_it_was_before_its_dots_were_doubled(
    smtp_server: SmtpServer, client: smtplib.SMTP
) -> None:
    client.sendmail("shop@example.org", ["anna@example.org"], LETTER)
    [letter] = smtp_server.ledger.letters
    assert (letter.sender, letter.recipients, letter.connection) == ("shop@example.org", ("anna@example.org",), 1)
    assert letter.raw == LETTER.encode()


@pytest.mark.parametrize(
    ("local_part", "code"), [("user-unknown", 550), ("full7", 552), ("busy-2", 450), ("grey", 451)]
)
def test_an_address_can_refuse(client: smtplib.SMTP, local_part: str, code: int) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        client.sendmail("shop@example.org", [f"{local_part}@example.org"], LETTER)
    assert [reply for reply, _ in refused.value.recipients.values()] == [code]


def test_a_letter_refused_at_its_dot_is_not_kept(smtp_server: SmtpServer, client: smtplib.SMTP) -> None:
    with pytest.raises(smtplib.SMTPDataError) as refused:
        client.sendmail("shop@example.org", ["spam@example.org"], LETTER)
    assert (refused.value.smtp_code, len(smtp_server.ledger)) == (554, 0)


@pytest.mark.parametrize("local_part", ["grey", "grey-dot", "cut", "cut-midway"])
def test_a_fault_of_one_time_is_followed_by_acceptance(smtp_server: SmtpServer, local_part: str) -> None:
    for _ in range(2):
        with smtplib.SMTP("127.0.0.1", smtp_server.port, timeout=5) as client:
            try:
                client.sendmail("shop@example.org", [f"{local_part}@example.org"], LETTER)
            except smtplib.SMTPException:
                assert len(smtp_server.ledger) == 0
    assert len(smtp_server.ledger) == 1


@pytest.mark.parametrize(("local_part", "kept"), [("drop", 0), ("kept-drop", 1)])
def test_a_connection_can_end_without_an_answer_to_the_dot(
    smtp_server: SmtpServer, client: smtplib.SMTP, local_part: str, kept: int
) -> None:
    with pytest.raises(smtplib.SMTPServerDisconnected):
        client.sendmail("shop@example.org", [f"{local_part}@example.org"], LETTER)
    assert len(smtp_server.ledger) == kept


def test_a_letter_whose_sender_leaves_right_after_the_dot_is_kept(smtp_server: SmtpServer) -> None:
    with socket.create_connection(("127.0.0.1", smtp_server.port)) as hasty:
        hasty.sendall(b"HELO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n")
        while b"354" not in hasty.recv(1000):
            pass
        hasty.sendall(LETTER.encode() + b".\r\n")
    wait_until(lambda: smtp_server.ledger.copies() == {"b@example.org": 1}, "the letter to be kept")


def test_the_server_can_refuse_everybody(smtp_server: SmtpServer, client: smtplib.SMTP) -> None:
    smtp_server.manners.login_reply = LOGIN_REFUSED
    with pytest.raises(smtplib.SMTPAuthenticationError):
        client.login("shop", "secret")
    smtp_server.manners.sender_reply = SENDER_REFUSED
    with pytest.raises(smtplib.SMTPSenderRefused):
        client.sendmail("shop@example.org", ["anna@example.org"], LETTER)
    smtp_server.manners.greeting = TOO_BUSY
    with pytest.raises(smtplib.SMTPConnectError):
        smtplib.SMTP("127.0.0.1", smtp_server.port, timeout=5)


def test_the_server_can_go_away_and_come_back(smtp_server: SmtpServer, client: smtplib.SMTP) -> None:
    smtp_server.go_away()
    with pytest.raises(smtplib.SMTPServerDisconnected):
        client.noop()
    with pytest.raises(ConnectionRefusedError):
        smtplib.SMTP("127.0.0.1", smtp_server.port, timeout=5)
    smtp_server.listen()
    with smtplib.SMTP("127.0.0.1", smtp_server.port, timeout=5) as again:
        again.sendmail("shop@example.org", ["anna@example.org"], LETTER)
    assert len(smtp_server.ledger) == 1


def test_the_ledger_can_be_read_by_another_process(tmp_path: Path) -> None:
    server = SmtpServer(ledger_path=tmp_path / "letters.jsonl")
    server.start()
    with smtplib.SMTP("127.0.0.1", server.port, timeout=5) as client:
        client.sendmail("shop@example.org", ["anna@example.org"], LETTER)
    server.stop()
    ledger = read_ledger(tmp_path / "letters.jsonl")
    assert (ledger.letters, ledger.connections) == (server.ledger.letters, 1)
