"""How numbers, times and durations are written."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from flask_babel import force_locale, refresh
from flask_login import login_user

from mailer.models.users import User
from mailer.web.formats import clock_when, day, day_and_time, duration, number, share, weekday, when, zone_name

pytestmark = pytest.mark.one_database("no database is asked")

NOW = datetime(2026, 11, 24, 7, 43, tzinfo=UTC)


@pytest.fixture(autouse=True)
def in_moscow(app: Flask, alice: User) -> Iterator[None]:
    alice.time_zone = "Europe/Moscow"
    with app.test_request_context(), time_machine.travel(NOW, tick=False):
        login_user(alice)
        yield


def test_numbers_have_groups_and_shares_one_decimal() -> None:
    assert (number(1904), share(0.646), share(1)) == ("1,904", "64.6%", "100.0%")


def test_what_stands_in_a_template_as_a_constant_is_written_in_the_language_of_each_page(app: Flask) -> None:
    template = app.jinja_env.from_string("{{ 1 | share if is_whole }} {{ 1904 | number }}")
    written = []
    for spoken in ("en", "ru"):
        with force_locale(spoken):
            written.append(template.render(is_whole=True))
    assert written == ["100.0% 1,904", "100,0\N{NO-BREAK SPACE}% 1\N{NO-BREAK SPACE}904"]


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(seconds=59), "59 s"),
        (timedelta(minutes=22, seconds=10), "22 min"),
        (timedelta(minutes=64), "1 h 4 min"),
        (timedelta(days=1, hours=8, minutes=59), "1 d 8 h"),
        (timedelta(seconds=-5), "0 s"),
        (timedelta(days=2, minutes=5), "2 d"),
    ],
)
def test_durations_have_their_two_largest_units(length: timedelta, words: str) -> None:
    assert duration(length) == words


def test_another_year_is_named() -> None:
    assert day(NOW) == "24 Nov"
    assert day(NOW.replace(year=2025)) == "24 Nov 2025"


def test_the_exact_moment_stands_behind_the_short_one() -> None:
    html = str(when(NOW))
    assert 'datetime="2026-11-24T10:43:00+03:00"' in html
    assert "Moscow" in zone_name() and "Moscow" in html


def test_today_is_a_time_and_yesterday_a_date() -> None:
    assert ">10:43<" in str(clock_when(NOW))
    assert ">23 Nov<" in str(clock_when(NOW - timedelta(days=1)))


def test_a_moment_is_written_anew_in_another_zone_and_on_another_day(alice: User) -> None:
    assert ">10:43<" in str(clock_when(NOW))
    alice.time_zone = "Asia/Tokyo"
    refresh()
    assert ">16:43<" in str(clock_when(NOW))
    with time_machine.travel(NOW + timedelta(days=1), tick=False):
        assert ">24 Nov<" in str(clock_when(NOW))


def test_date_and_time_together() -> None:
    assert day_and_time(NOW.replace(month=1)) == "24 Jan, 10:43"


def test_a_russian_reader_sees_numbers_dates_and_durations_as_russian_writes_them() -> None:
    with force_locale("ru"):
        assert (number(1904), share(0.646)) == ("1\xa0904", "64,6\xa0%")
        assert (day_and_time(NOW), weekday(NOW)) == ("24\xa0ноября, 10:43", "Вторник, 24\xa0ноября")
        assert day(NOW.replace(year=2025)) == "24\xa0ноября\xa02025"
        assert duration(timedelta(minutes=64)) == "1\xa0ч 4\xa0мин"
