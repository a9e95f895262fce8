"""The time that a reply names for another try."""

import pytest

from mailer.delivery.named_times import LONGEST_SECONDS, named_seconds


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("4.7.1 Greylisted, try again in 5 minutes", 300),
        ("4.7.1 Greylisting in action, please come back in 00:04:59", 299),
        ("please retry after 300 seconds", 300),
        ("Come back in 300 seconds", 300),
        ("Try again in about 1 hour", 3600),
        ("Greylisted for 5 minutes", 300),
        ("You are sending too fast: wait 90s", 90),
        ("temporarily blocked; retry in 15 min", 900),
        ("Recipient address rejected: delayed for 00:05:00", 300),
        ("Try again in 0 seconds", 1),
        ("try again in 99 days", LONGEST_SECONDS),
        ("TRY AGAIN IN 2 HOURS", 7200),
    ],
)
def test_a_named_time_is_read(words: str, seconds: float) -> None:
    assert named_seconds(words) == seconds


@pytest.mark.parametrize(
    "words",
    [
        "",
        "4.7.1 Greylisted, please try again later",
        "4.4.2 Timeout after 300 seconds",
        "4.7.0 [TSS04] Messages temporarily deferred - 4.16.55.1; see https://example.org/error-codes",
        "Greylisted, see http://postgrey.schweikert.ch/help/example.org.html",
        "4.2.1 Try again later, message 1234567 m",
        "5.1.1 User unknown",
        "again " * 10_000,
    ],
)
def test_where_none_is_named_none_is_read(words: str) -> None:
    assert named_seconds(words) is None
