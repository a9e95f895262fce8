"""Letters, byte by byte, as a mail program reads them back."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.delivery.compose import Composer, letter_id
from mailer.delivery.footer import PLACEHOLDER, language_of
from mailer.domain.unsubscribe_links import UnsubscribeLinks

LINKS = UnsubscribeLinks(bytes(range(32)))
BASE_URL = "https://mailer.example"
NOW = datetime(2026, 11, 24, 10, 43, tzinfo=UTC)

# What a form lets into a single line: no control characters, and nothing that is not a character.
LINES = st.text(st.characters(blacklist_categories=("Cc", "Cs", "Zl", "Zp"))).map(str.strip)
BODIES = st.text(
    st.characters(blacklist_categories=("Cs",), blacklist_characters="\0\x85\x1c\x1d\x1e\x0b\x0c\u2028\u2029")
)


def composer(
    subject: str = "Hello", body: str = "Hello", sender: str = "Corner Shop", base_url: str = BASE_URL
) -> Composer:
    return Composer(
        subject=subject,
        body=body,
        sender=(sender, "shop@mailer.example"),
        reply_to=("Alice", "alice@example.org"),
        mailing_id=7,
        owner_id=5,
        base_url=base_url,
        links=LINKS,
    )


def wire(made: Composer, name: str = "", email: str = "b@example.org") -> bytes:
    return made.letter(3, name, email, made.letter_id(3, 1, "f" * 32), NOW)


def received(raw: bytes) -> bytes:
    """What an SMTP server makes of the bytes after DATA (RFC 5321, 4.5.2)."""
    assert raw.endswith(b"\r\n.\r\n")
    content = raw[: -len(b".\r\n")]
    assert b"\r\n.\r\n" not in b"\r\n" + content
    lines = content.split(b"\r\n")
    return b"\r\n".join(line[1:] if line.startswith(b".") else line for line in lines)


def parsed(raw: bytes) -> EmailMessage:
    message = message_from_bytes(received(raw), policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def text_of(raw: bytes) -> str:
    body = parsed(raw).get_body()
    assert isinstance(body, EmailMessage)
    return str(body.get_content()).replace("\r\n", "\n")


def link(email: str = "b@example.org", base_url: str = BASE_URL) -> str:
    return f"{base_url}/u/{LINKS.token(5, 3, email)}"


def body_of(raw: bytes) -> str:
    """The text above the footer."""
    body, way_out, link_below = text_of(raw).rpartition("\n\nIf you want no more of these letters, open this link:\n")
    assert way_out and link_below == f"{link()}\n"
    return body


def raw_headers(raw: bytes) -> dict[str, str]:
    """Header values as older programs decode them, which join encoded words as RFC 2047 says."""
    message = message_from_bytes(received(raw), policy=policy.compat32)
    return {name: str(make_header(decode_header(value))) for name, value in message.items()}


def test_a_letter_has_all_that_a_letter_needs() -> None:
    letter = parsed(wire(composer("Переезд", "Ждём вас.\n"), "Анна Белова"))
    assert letter["From"] == "Corner Shop <shop@mailer.example>"
    assert letter["Reply-To"] == "Alice <alice@example.org>"
    assert letter["To"] == "Анна Белова <b@example.org>"
    assert letter["Subject"] == "Переезд"
    assert letter["Message-ID"] == "<7.3.1.ffffffff@mailer.example>"
    assert letter["Date"].datetime == NOW
    assert letter["MIME-Version"] == "1.0"
    assert letter.get_content_type() == "text/plain"


@pytest.mark.parametrize("line", [".", "..", ".hidden", "...", "a.b", ". "])
@pytest.mark.parametrize("rest", ["", "Привет", "ascii"])
def test_a_line_that_starts_with_a_dot_arrives_as_it_was(line: str, rest: str) -> None:
    body = f"first\n{line}\n{rest}\n{line}\nfull stop"
    assert body_of(wire(composer(body=body))) == body
    # The link may stand anywhere, also before a dot.
    placed = f"{body}\n{PLACEHOLDER}{line}\n"
    assert text_of(wire(composer(body=placed))) == placed.replace(PLACEHOLDER, link())


EMAILS = st.integers(1, 60).map(lambda length: "b" * length + "@example.org")


@given(before=BODIES, after=BODIES, between=BODIES, email=EMAILS)
def test_any_body_arrives_as_it_was_with_the_link_at_each_place(
    before: str, between: str, after: str, email: str
) -> None:
    body = f"{before}{PLACEHOLDER}{between}{PLACEHOLDER}{after}"
    raw = wire(composer(body=body), email=email)
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    if b"\r\nContent-Transfer-Encoding: 7bit\r\n" not in raw:
        assert max(map(len, received(raw).partition(b"\r\n\r\n")[2].split(b"\r\n"))) <= 76
    expected = body.replace("\r\n", "\n").replace("\r", "\n").replace(PLACEHOLDER, link(email))
    arrived = text_of(raw)
    assert arrived == expected or arrived == expected + "\n"


@pytest.mark.parametrize("body", ["Привет, мир", "“Quoted” and otherwise plain English text", "Plain"])
@pytest.mark.parametrize("filler", range(7))
def test_links_side_by_side_arrive_in_every_encoding(body: str, filler: int) -> None:
    body = f"{body}{'x' * filler}{PLACEHOLDER}{PLACEHOLDER}y{PLACEHOLDER}"
    assert text_of(wire(composer(body=body))).rstrip("\n") == body.replace(PLACEHOLDER, link())


@pytest.mark.parametrize(
    ("text", "language"),
    [("Здравствуйте!", "ru"), ("Hello", "en"), ("", "en"), ("Скидка 20% на iPhone", "ru"), ("Hello, Анна", "en")],
)
def test_a_letter_is_in_the_language_of_most_of_its_letters(text: str, language: str) -> None:
    assert language_of(text) == language


def test_the_footer_is_in_the_language_of_the_letter() -> None:
    text = text_of(wire(composer("Новости", "Здравствуйте!\nМы переехали.")))
    words = "Если вы не хотите больше получать эти письма, откройте ссылку:"
    assert text == f"Здравствуйте!\nМы переехали.\n\n{words}\n{link()}\n"


@given(subject=LINES, name=LINES)
def test_any_subject_and_name_arrive_whole_and_in_their_own_headers(subject: str, name: str) -> None:
    raw = wire(composer(subject=subject), name)
    raw.decode("ascii")
    head = received(raw).partition(b"\r\n\r\n")[0]
    assert all(len(line) <= 998 for line in head.split(b"\r\n"))
    headers = raw_headers(raw)
    assert sorted(headers) == sorted(
        ["From", "Reply-To", "Subject", "To", "Date", "Message-ID", "Content-Type", "Content-Transfer-Encoding"]
        + ["MIME-Version", "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post"]
    )
    assert " ".join(headers["Subject"].split()) == " ".join(subject.split())
    assert headers["To"].endswith("<b@example.org>") or headers["To"] == "b@example.org"


@pytest.mark.parametrize("name", ["Анна", "Галина Сергеевна Воскресенская-Милютина", "Stationery “Pero”", "Zoë 🎉"])
def test_a_name_beyond_ascii_arrives_whole(name: str) -> None:
    assert raw_headers(wire(composer(), name))["To"] == f"{name} <b@example.org>"


def test_no_encoded_word_is_longer_than_allowed() -> None:
    # RFC 2047, 2: an encoded word has at most 75 characters.
    head = received(wire(composer("Ж" * 200), "Я" * 200)).partition(b"\r\n\r\n")[0]
    words = [word for word in head.split() if word.startswith(b"=?")]
    assert len(words) > 10
    assert all(len(word) <= 75 for word in words)


def test_a_domain_beyond_ascii_is_written_in_ascii() -> None:
    made = composer()
    assert made.envelope("анна@пример.рф".replace("анна", "anna"))[1] == b"RCPT TO:<anna@xn--e1afmkfd.xn--p1ai>\r\n"
    assert b"anna@xn--e1afmkfd.xn--p1ai" in wire(made, "", "anna@пример.рф")


def test_an_address_beyond_ascii_is_refused_and_not_mangled() -> None:
    with pytest.raises(ValueError):
        composer().envelope("анна@example.org")


def test_the_try_and_the_lane_are_part_of_the_message_id() -> None:
    ids = {letter_id(1, 2, number, lane * 32, "d") for number in (1, 2) for lane in "ab"}
    assert len(ids) == 4
