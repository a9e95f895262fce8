"""Form fields refuse at the field what would do harm further on."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict

from mailer.web import fields
from mailer.web.fields import BodyField, EmailField, LocalDateTimeField, SingleLineField

pytestmark = pytest.mark.one_database("a form reads what is typed and asks no database")


class ExampleForm(FlaskForm):
    line = SingleLineField("Line", max_length=20)
    address = EmailField("Address")
    text = BodyField("Text", max_bytes=100)
    at = LocalDateTimeField("At")


GOOD = {"line": "Anna", "address": "anna@example.org", "text": "Hello", "at": "2026-11-24T10:43"}

Send = Callable[..., ExampleForm]


@pytest.fixture
def send(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Send]:
    """Sends the form, from a place in `zone`, and validates it."""

    def send(zone: str = "Europe/Berlin", **changed: str) -> ExampleForm:
        monkeypatch.setattr(fields, "get_timezone", lambda: ZoneInfo(zone))
        form = ExampleForm(MultiDict(GOOD | changed), meta={"csrf": False})
        form.validate()
        return form

    with app.test_request_context(method="POST"):
        yield send


def test_good_values_come_through(send: Send) -> None:
    form = send()
    assert not form.errors
    assert form.at.data == datetime(2026, 11, 24, 9, 43, tzinfo=UTC)


@pytest.mark.parametrize("character", [*map(chr, range(32)), "\x7f", "\x85", "\x9f", "\u2028", "\u2029"])
def test_no_control_character_gets_into_a_line(send: Send, character: str) -> None:
    assert send(line=f"Anna{character}Bcc: x").errors.keys() == {"line"}


@pytest.mark.parametrize("line", ["Ünïcødé", "Анна", "🎉👩‍👩‍👧", "‏שלום", "x" * 20, ""])
def test_every_script_and_emoji_gets_into_a_line(send: Send, line: str) -> None:
    form = send(line=line)
    assert (form.errors, form.line.data) == ({}, line)


def test_a_line_that_is_too_long_says_how_long_it_is(send: Send) -> None:
    assert send(line="x" * 21).line.errors == ["At most 20 characters; this has 21."]


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        (" anna@example.org ", "anna@example.org"),
        ("Anna@EXAMPLE.org", "Anna@example.org"),
        ("anna@xn--e1afmkfd.xn--p1ai", "anna@пример.рф"),
        ("anna+tag@Пример.РФ", "anna+tag@пример.рф"),
    ],
)
def test_an_address_is_normalised(send: Send, typed: str, address: str) -> None:
    assert send(address=typed).address.data == address


@pytest.mark.parametrize(
    "typed", ["", "anna", "anna@", "@example.org", "a@b@example.org", "a b@example.org", "анна@example.org", "a@-x.org"]
)
def test_what_is_no_address_is_refused(send: Send, typed: str) -> None:
    assert send(address=typed).errors.keys() == {"address"}


def test_the_ends_of_lines_become_one_kind(send: Send) -> None:
    assert send(text="one\r\ntwo\rthree\n").text.data == "one\ntwo\nthree\n"


def test_a_text_is_measured_in_bytes(send: Send) -> None:
    assert not send(text="я" * 50).errors
    assert send(text="я" * 51).errors.keys() == {"text"}


@pytest.mark.parametrize("character", ["\0", "\b", "\x1b", "\x7f"])
def test_no_control_character_gets_into_a_text(send: Send, character: str) -> None:
    assert send(text=f"a{character}b").errors.keys() == {"text"}


def test_a_time_with_seconds_is_taken_too(send: Send) -> None:
    assert send(at="2026-11-24T10:43:07").at.data == datetime(2026, 11, 24, 9, 43, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    "typed", ["", "tomorrow", "2026-11-24", "2026-13-01T00:00", "2026-11-24T25:00", "0000-01-01T00:00"]
)
def test_what_is_no_time_is_refused_and_kept_as_typed(send: Send, typed: str) -> None:
    form = send(at=typed)
    assert form.errors.keys() == {"at"}
    assert (form.at.data, form.at._value()) == (None, typed)


def test_a_time_that_the_clocks_skip_is_refused(send: Send) -> None:
    form = send(at="2026-03-29T02:30")
    assert "skip this time" in str(form.at.errors[0])


def test_a_time_that_comes_twice_means_the_first(send: Send) -> None:
    assert send(at="2026-10-25T02:30").at.data == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "edge"), [("Asia/Tokyo", "0001-01-01T00:00"), ("America/New_York", "9999-12-31T23:59")]
)
def test_a_time_at_the_edge_of_the_calendar_is_refused(send: Send, zone: str, edge: str) -> None:
    assert send(zone=zone, at=edge).errors.keys() == {"at"}


def test_a_moment_is_shown_in_the_users_zone(app: Flask, send: Send) -> None:
    send(zone="Asia/Vladivostok")
    form = ExampleForm(formdata=None, at=datetime(2026, 11, 24, 9, 43, tzinfo=UTC))
    assert form.at._value() == "2026-11-24T19:43"
