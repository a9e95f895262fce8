"""The bar and the table of the books: every state can be seen, and the figures add up."""

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as some

from mailer.domain.books import Books
from mailer.web.books_bar import LEAST_WIDTH, bar_segments, books_label, table_lines

counts = some.one_of(some.just(0), some.integers(1, 20), some.integers(0, 3_000_000))
books_of_any_kind = some.builds(Books, counts, counts, counts, counts, counts, counts, counts)


def test_nobody_makes_no_segments_and_no_shares() -> None:
    assert bar_segments(Books()) == []
    assert [line.share for line in table_lines(Books())] == [None] * 7


def test_settled_states_stand_left_and_pending_right() -> None:
    segments = bar_segments(Books(pending=618, sending=10, accepted=1231, failed=17, unknown=2, suppressed=26))
    assert [segment.state for segment in segments] == [
        "accepted",
        "failed",
        "unknown",
        "suppressed",
        "sending",
        "pending",
    ]
    assert segments[0].x == 0


def test_one_failure_in_a_million_can_be_seen() -> None:
    accepted, failed = bar_segments(Books(accepted=1_000_000, failed=1))
    assert failed.width == LEAST_WIDTH
    assert accepted.width == 100 - LEAST_WIDTH
    assert bar_segments(Books(accepted=1_000_000, failed=1), is_mini=True)[1].width == 2.5


@given(books_of_any_kind)
def test_the_segments_fill_the_bar_without_gaps(books: Books) -> None:
    segments = bar_segments(books)
    end = 0.0
    for segment in segments:
        assert segment.x == pytest.approx(end, abs=0.02)
        assert segment.width >= LEAST_WIDTH
        end = segment.x + segment.width
    assert end == pytest.approx(100 if books.total else 0, abs=0.02)


@given(books_of_any_kind)
def test_the_shares_add_up_to_a_hundred_percent(books: Books) -> None:
    lines = table_lines(books)
    assert sum(line.count for line in lines) == books.total
    if books.total:
        assert sum(round(1000 * (line.share or 0)) for line in lines) == 1000
        for line in lines:
            assert abs((line.share or 0) - line.count / books.total) < 0.001


def test_the_bar_is_also_said_in_words(app: Flask) -> None:
    with app.test_request_context():
        assert books_label(Books(pending=1000, failed=2)) == "Of 1,002: failed 2, pending 1,000"
