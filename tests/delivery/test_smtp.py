"""One SMTP connection: what a session says, and what it makes of a server's words, however they come."""

import itertools
import select
import smtplib
import socket
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.delivery.account import MailAccount
from mailer.delivery.claims import Claim
from mailer.delivery.outcomes import Stage
from mailer.delivery.smtp import MAX_REPLY_BYTES, Broken, Event, Ready, Reply, Session

pytestmark = pytest.mark.one_database("it asks no database")

ANN, BOB = Claim(1, "ann@example.org", "Ann", 0), Claim(2, "bob@example.org", "Bob", 0)
MAIL, RCPT, DATA = ENVELOPE = b"MAIL FROM:<shop@example.org>\r\n", b"RCPT TO:<ann@example.org>\r\n", b"DATA\r\n"
LETTER = b"Subject: News\r\n\r\nBread\r\n.\r\n"
TAKEN = b"250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 Go ahead\r\n"
# Ann's letter is taken, and Bob refused, each in several lines, as large services do.
CONVERSATION = (
    b"250-2.0.0 Ok\r\n250 2.0.0 queued as 4Xk01\r\n"
    b"250 2.1.0 Ok\r\n"
    b"550-5.1.1 The account that you tried to reach is gone.\r\n550-\r\n550 5.1.1 Read on elsewhere.\r\n"
    b"503 5.5.1 RCPT first\r\n"
)
EVENTS = [
    Reply(ANN, Stage.DOT, 250, b"2.0.0 Ok\n2.0.0 queued as 4Xk01"),
    Reply(BOB, Stage.RCPT, 550, b"5.1.1 The account that you tried to reach is gone.\n\n5.1.1 Read on elsewhere."),
]


class Line:
    """A session, and the server's end of its connection."""

    def __init__(self, *, is_pipelining: bool = True) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            client = smtplib.SMTP()
            client.sock = socket.create_connection(listener.getsockname())
            client.esmtp_features = {"pipelining": ""} if is_pipelining else {}
            self.server, _ = listener.accept()
        self.session = Session(client, MailAccount("127.0.0.1", 25, None, None, False, False, 60, 60))

    def hear(self, *pieces: bytes) -> list[Event]:
        """What the session makes of these words, which come one after the other."""
        events: list[Event] = []
        for piece in pieces:
            self.server.sendall(piece)
            assert select.select([self.session.socket], [], [], 10)[0]
            while not self.session.is_broken and select.select([self.session.socket], [], [], 0)[0]:
                events += self.session.pump()
        return events

    def said(self) -> bytes:
        """What the server has got since it last looked."""
        assert self.session.push() == []
        assert select.select([self.server], [], [], 10)[0]
        return self.server.recv(65_536)

    def close(self) -> None:
        self.session.close()
        self.server.close()


@pytest.fixture
def line() -> Iterator[Line]:
    with closing(Line()) as line:
        yield line


@pytest.fixture
def slow_line() -> Iterator[Line]:
    """To a server that takes one command at a time."""
    with closing(Line(is_pipelining=False)) as line:
        yield line


def test_the_next_envelope_goes_out_together_with_the_letter(line: Line) -> None:
    line.session.offer(ANN, ENVELOPE)
    assert line.said() == MAIL + RCPT + DATA
    assert line.hear(TAKEN) == [Ready(ANN)]
    line.session.deliver(LETTER)
    line.session.offer(BOB, ENVELOPE)
    assert line.said() == LETTER + MAIL + RCPT + DATA


def test_without_pipelining_each_command_waits_for_the_reply_before_it(slow_line: Line) -> None:
    slow_line.session.offer(ANN, ENVELOPE)
    for command, reply in ((MAIL, b"250 Ok\r\n"), (RCPT, b"250 Ok\r\n")):
        assert slow_line.said() == command
        assert slow_line.hear(reply) == []
    assert slow_line.said() == DATA
    assert slow_line.hear(b"354 Go ahead\r\n") == [Ready(ANN)]
    slow_line.session.deliver(LETTER)
    slow_line.session.offer(BOB, ENVELOPE)
    assert slow_line.said() == LETTER
    assert slow_line.hear(b"250 Ok\r\n") == [Reply(ANN, Stage.DOT, 250, b"Ok")]
    assert slow_line.said() == MAIL


@given(st.sets(st.integers(0, len(CONVERSATION)), max_size=12))
def test_replies_of_several_lines_are_read_wherever_they_are_cut(cuts: set[int]) -> None:
    with closing(Line()) as line:
        line.session.offer(ANN, ENVELOPE)
        assert line.hear(TAKEN) == [Ready(ANN)]
        line.session.deliver(LETTER)
        line.session.offer(BOB, ENVELOPE)
        pieces = itertools.pairwise(sorted({0, *cuts, len(CONVERSATION)}))
        assert line.hear(*(CONVERSATION[start:end] for start, end in pieces)) == EVENTS
        assert not line.session.is_broken


def test_bare_line_feeds_end_lines_too(line: Line) -> None:
    line.session.offer(ANN, ENVELOPE)
    assert line.hear(TAKEN.replace(b"\r\n", b"\n")) == [Ready(ANN)]


def test_after_a_refusal_the_next_envelope_begins_with_a_reset(line: Line) -> None:
    line.session.offer(ANN, ENVELOPE)
    assert line.said() == MAIL + RCPT + DATA
    assert line.hear(b"250 Ok\r\n550 5.1.1 Who?\r\n", b"503 RCPT first\r\n") == [
        Reply(ANN, Stage.RCPT, 550, b"5.1.1 Who?")
    ]
    assert line.session.claim_offered is None
    line.session.offer(BOB, ENVELOPE)
    assert line.said() == b"RSET\r\n" + MAIL + RCPT + DATA
    assert line.hear(b"250 Ok\r\n" + TAKEN) == [Ready(BOB)]


def test_without_pipelining_nothing_more_of_a_refused_envelope_is_said(slow_line: Line) -> None:
    slow_line.session.offer(ANN, ENVELOPE)
    assert slow_line.said() == MAIL
    assert slow_line.hear(b"550 5.7.1 Not you\r\n") == [Reply(ANN, Stage.MAIL, 550, b"5.7.1 Not you")]
    slow_line.session.offer(BOB, ENVELOPE)
    assert slow_line.said() == b"RSET\r\n"
    assert slow_line.hear(b"250 Ok\r\n") == []
    assert slow_line.said() == MAIL


def test_a_server_that_wants_the_letter_of_whom_it_refused_is_left(line: Line) -> None:
    line.session.offer(ANN, ENVELOPE)
    refusal, broken = line.hear(b"250 Ok\r\n550 5.1.1 Who?\r\n354 Go ahead\r\n")
    assert refusal == Reply(ANN, Stage.RCPT, 550, b"5.1.1 Who?")
    assert isinstance(broken, Broken) and (broken.unanswered, broken.cut_off, broken.unbegun) == (None, None, None)


def test_a_goodbye_in_place_of_an_answer_costs_nobody_anything(line: Line) -> None:
    line.session.offer(ANN, ENVELOPE)
    assert line.hear(b"250 Ok\r\n421-4.7.0 Come back\r\n421 4.7.0 later\r\n") == [
        Broken(None, None, ANN, 421, "4.7.0 Come back\n4.7.0 later")
    ]


def test_a_server_that_speaks_unasked_is_left_with_its_words(line: Line) -> None:
    assert line.hear(b"421 4.4.2 Too long idle\r\n") == [Broken(None, None, None, 421, "4.4.2 Too long idle")]


def test_a_line_that_does_not_end_is_left_before_it_fills_the_memory(line: Line) -> None:
    line.session.offer(ANN, ENVELOPE)
    pieces = [b"2" * 50_000] * (MAX_REPLY_BYTES // 50_000 + 1)
    (broken,) = line.hear(*pieces)
    assert broken == Broken(None, None, ANN, None, "the server's reply does not end")


def test_of_a_reply_without_end_no_more_is_kept_than_fits(line: Line) -> None:
    line.session.offer(ANN, ENVELOPE)
    assert line.hear(*[b"550-" + b"x" * 50_000 + b"\r\n"] * (2 * MAX_REPLY_BYTES // 50_000)) == []
    (refusal,) = line.hear(b"550 at last\r\n503 No\r\n503 No\r\n")
    assert isinstance(refusal, Reply) and (refusal.stage, refusal.code) == (Stage.MAIL, 550)
    assert 0 < len(refusal.words) <= MAX_REPLY_BYTES
