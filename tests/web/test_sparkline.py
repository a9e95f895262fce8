import re

from mailer.web.sparkline import sparkline


def test_the_highest_minute_fills_the_height_and_empty_ones_have_no_bar() -> None:
    path, width = sparkline([10, 0, 5])
    assert re.findall(r"v-(\d+)", path) == ["30", "15"]
    assert width == 20 * 7 - 2


def test_a_single_letter_among_thousands_can_be_seen() -> None:
    assert "v-1h" in sparkline([1, 10_000])[0]


def test_nothing_at_all_is_an_empty_line() -> None:
    assert sparkline([0])[0] == ""
