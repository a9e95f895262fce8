import os
import signal
import smtplib
import subprocess
import sys
import threading

import pytest

from mailer.config import PROJECT_DIR
from mailer.embedded.data_dir import write_services
from mailer.embedded.outbox_store import count_letters, letter, list_letters, open_outbox
from tests.support.ports import is_listening
from tests.support.waiting import wait_until


@pytest.fixture
def server(data_dir, closed_port):
    """The outbox as `make run` starts it."""
    write_services(data_dir, {"outbox_port": closed_port})
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MAIL_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "mailer.embedded.outbox_server"],
        cwd=PROJECT_DIR,
        env=environ | {"DATA_DIR": str(data_dir)},
    )
    try:
        wait_until(lambda: is_listening(closed_port), "the outbox to listen")
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def client(server, closed_port):
    with smtplib.SMTP("127.0.0.1", closed_port, timeout=20) as connection:
        yield connection


def caught(data_dir):
    with open_outbox(data_dir) as outbox:
        return [letter(outbox, one.id) for one in reversed(list_letters(outbox, limit=1000))]


def test_a_letter_is_caught_unchanged(client, data_dir):
    raw = "Subject: Привет\r\n\r\nстрока\r\n.\r\n..две точки\r\n\r\n".encode()
    client.sendmail("shop@example.org", ["anna@example.org", "bob@example.org"], raw, mail_options=["BODY=8BITMIME"])
    [one] = caught(data_dir)
    assert one.raw == raw
    assert one.mail_from == "shop@example.org"
    assert one.rcpt_tos == ("anna@example.org", "bob@example.org")


def test_addresses_beyond_ascii_are_taken(client, data_dir):
    client.ehlo()
    assert client.has_extn("SMTPUTF8")
    client.sendmail("shop@example.org", ["анна@почта.рф"], b"Subject: x\r\n\r\n", mail_options=["SMTPUTF8"])
    assert caught(data_dir)[0].rcpt_tos == ("анна@почта.рф",)


def test_a_letter_of_thirty_megabytes_is_taken(client, data_dir):
    raw = b"Subject: large\r\n\r\n" + (b"x" * 98 + b"\r\n") * 300_000
    client.sendmail("shop@example.org", ["anna@example.org"], raw)
    assert len(caught(data_dir)[0].raw) == len(raw)


def test_an_answered_letter_survives_kill_9(client, server, data_dir):
    client.sendmail("shop@example.org", ["anna@example.org"], b"Subject: x\r\n\r\n")
    server.kill()
    server.wait()
    assert len(caught(data_dir)) == 1


def test_letters_over_many_connections_are_each_kept_once(server, closed_port, data_dir):
    def send(sender):
        with smtplib.SMTP("127.0.0.1", closed_port, timeout=20) as connection:
            for number in range(20):
                connection.sendmail(sender, [f"{number}@example.org"], b"Subject: x\r\n\r\n")

    senders = [f"shop{number}@example.org" for number in range(8)]
    threads = [threading.Thread(target=send, args=(sender,)) for sender in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with open_outbox(data_dir) as outbox:
        assert count_letters(outbox) == 160
        assert all(count_letters(outbox, sender) == 20 for sender in senders)


def test_sigterm_ends_it_cleanly(client, server):
    server.send_signal(signal.SIGTERM)
    assert server.wait(timeout=20) == 0
