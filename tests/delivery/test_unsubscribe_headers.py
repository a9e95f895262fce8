"""The way out of a mailing, as a real mail server receives it and as programs read it (RFC 2919, 8058)."""

import re
import smtplib
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes
from random import Random
from urllib.parse import urlsplit

from flask import Flask
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from mailer.delivery.delivering import deliver_mailing
from mailer.delivery.lane import End
from mailer.domain.clock import database_now
from mailer.domain.suppressions import suppress
from mailer.models.clients import SuppressionReason
from mailer.models.users import User
from tests.delivery.conftest import Deliver, write_anew
from tests.delivery.test_compose import LINKS, composer, wire
from tests.support.factories import clients_with, started_mailing_of, states_of
from tests.support.smtp_server import SmtpServer
from tests.support.waiting import wait_until

HOSTS = 500


def hosts(chance: Random) -> list[str]:
    """Names of every length that a domain may have (RFC 1035, 2.3.4), in ASCII and as A-labels, with ports."""
    made = []
    for number in range(HOSTS):
        labels: list[str] = []
        wanted = 4 + number * 249 // HOSTS
        while len(".".join(labels)) < wanted:
            size = min(chance.randint(1, 63), max(1, wanted - len(".".join(labels))))
            labels.append("".join(chance.choices("abcdefghijklmnopqrstuvwxyz0123456789-", k=size)).strip("-") or "x")
        host = chance.choice(["", "xn--e1afmkfd."]) + ".".join(labels)[:240].strip(".-")
        made.append(host + chance.choice(["", ":8443"]))
    return made


def test_the_headers_arrive_whole_from_any_host_with_a_token_of_any_length(smtp_server: SmtpServer) -> None:
    chance = Random(8058)
    expected: dict[str, str] = {}
    with smtplib.SMTP("127.0.0.1", smtp_server.port) as client:
        client.ehlo()
        for number, host in enumerate(hosts(chance)):
            email = f"{'b' * (1 + number % 60)}{number}@{'d' * (1 + number % 61)}.example.org"
            base_url = f"https://{host}{chance.choice(['', '/mail'])}"
            made = composer(chance.choice(["Hello", "Привет"]), chance.choice(["Hi", "Ёж"]), base_url=base_url)
            client.mail("shop@mailer.example")
            client.rcpt(email)
            client.docmd("DATA")
            client.send(wire(made, "Анна", email))
            assert client.getreply()[0] == 250
            expected[email] = f"{base_url}/u/{LINKS.token(5, 3, email)}"
    letters = smtp_server.ledger.letters
    assert len(letters) == len(expected) == HOSTS
    assert len({len(link) for link in expected.values()}) > 100
    for letter in letters:
        head = letter.raw.partition(b"\r\n\r\n")[0].decode("ascii").split("\r\n")
        link = expected[letter.recipients[0]]
        # One physical line each: neither folded nor encoded, and within RFC 5322, 2.1.1.
        assert head.count(f"List-Unsubscribe: <{link}>") == 1
        assert head.count("List-Unsubscribe-Post: List-Unsubscribe=One-Click") == 1
        (list_id,) = [line for line in head if line.startswith("List-Id: ")]
        assert re.fullmatch(r"List-Id: <owner-5\.[0-9a-f]{8}\.mailer\.example>", list_id)
        assert max(map(len, head)) <= 998
        assert not any("=?" in line for line in head if line.startswith("List-"))
        assert letter.text.endswith(f"\n{link}\n")


def one_click(raw: bytes) -> str:
    """What a mail program that keeps to RFC 8058 posts to."""
    message = message_from_bytes(raw)
    assert message.get_all("List-Unsubscribe-Post") == ["List-Unsubscribe=One-Click"]
    (header,) = message.get_all("List-Unsubscribe", [])
    links = re.findall(r"<([^<>\s]+)>", header)
    (https,) = [link for link in links if urlsplit(link).scheme == "https"]
    return https


def test_the_letters_of_one_owner_are_one_list_and_each_recipient_has_an_own_link(
    deliver: Deliver, alice: User, smtp_server: SmtpServer
) -> None:
    emails = ["anna@example.org", "boris@example.org"]
    clients = clients_with(alice, *emails)
    for _mailing in (1, 2):
        deliver(started_mailing_of(alice, clients=clients), BASE_URL="https://mailer.example")
    letters = smtp_server.ledger.letters
    assert len({letter.message["List-Id"] for letter in letters}) == 1
    assert len({one_click(letter.raw) for letter in letters}) == 4


def test_whoever_says_no_in_the_middle_of_two_mailings_gets_no_later_letter(
    app: Flask, engine: Engine, session: Session, alice: User, smtp_server: SmtpServer
) -> None:
    # Long enough for all of them to say no meanwhile, on a busy machine too.
    smtp_server.manners.dot_delay = 0.5
    clients = clients_with(alice, *(f"ok{number}@example.org" for number in range(1, 121)))
    mailings = [started_mailing_of(alice, clients=clients) for _mailing in (1, 2)]
    ids, owner_id, emails = [mailing.id for mailing in mailings], alice.id, [client.email for client in clients]
    session.commit()

    def deliver_one(mailing_id: int) -> object:
        return deliver_mailing(engine, app.config, mailing_id, worker_count=2, wanted_elsewhere=lambda: False)

    with ThreadPoolExecutor(2) as lanes:
        running = [lanes.submit(deliver_one, mailing_id) for mailing_id in ids]
        wait_until(lambda: len(smtp_server.ledger) >= 4, "the first letters")
        write_anew(session)
        for email in emails:
            suppress(session, owner_id, email, SuppressionReason.UNSUBSCRIBED, database_now(session))
        session.commit()
        said = len(smtp_server.ledger)
        assert [lane.result() for lane in running] == [End.DRY, End.DRY]
    # What had begun before is finished: at most a letter for each connection of the two lanes.
    assert len(smtp_server.ledger) <= said + 2 * app.config["MAIL_CONNECTIONS"]
    ends = [list(states_of(mailing).values()) for mailing in mailings]
    assert all("suppressed" in states and set(states) <= {"accepted", "suppressed"} for states in ends)
    assert sum(states.count("accepted") for states in ends) == len(smtp_server.ledger)
