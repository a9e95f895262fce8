"""The limits of the account: how they are read, and that no span of their length ever holds more."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.config import ConfigError, load_settings
from mailer.domain.limits import DAY, HOUR, MINUTE, SLOTS, Limits, allowance, slot_of


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("", ()),
        ("30/minute", ((30, MINUTE),)),
        ("500/day, 30/minute", ((30, MINUTE), (500, DAY))),
        (" 100 / hour ,2000/ day", ((100, HOUR), (2000, DAY))),
    ],
)
def test_limits_are_read(text: str, limits: tuple[tuple[int, int], ...], tmp_path: Path) -> None:
    assert load_settings({"DATA_DIR": str(tmp_path), "MAIL_LIMITS": text})["MAIL_LIMITS"] == limits


@pytest.mark.parametrize(
    "text",
    ["0/day", "abc", "30/min;500/day", "30/min", "-1/day", "1.5/day", "30", "/day", "1/day,", "1/day, 2/day", "٣/day"],
)
def test_what_is_no_list_of_limits_is_refused_in_words(text: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='MAIL_LIMITS: .* as in "30/minute, 500/day"'):
        load_settings({"DATA_DIR": str(tmp_path), "MAIL_LIMITS": text})


class PaperLedger:
    """A ledger in memory, and beside it the very moments, which it does not know."""

    def __init__(self) -> None:
        self.slots: dict[tuple[int, int], int] = {}
        self.moments: list[float] = []

    def begin(self, wanted: int, limits: Limits, now: float, *, is_system: bool = False) -> int:
        kept_to = limits.for_system() if is_system else limits.for_mailings()
        begun = min(wanted, allowance(kept_to, self.rows(), now).letters)
        for slot_seconds in SLOTS:
            slot = (slot_seconds, slot_of(slot_seconds, now))
            self.slots[slot] = self.slots.get(slot, 0) + begun
        self.moments += [now] * begun
        return begun

    def rows(self) -> list[tuple[int, int, int]]:
        return [(slot_seconds, began_at, letters) for (slot_seconds, began_at), letters in self.slots.items()]

    def most_within(self, seconds: int) -> int:
        """The most letters in any span of this length."""
        return max(
            (sum(end - seconds < moment <= end for moment in self.moments) for end in self.moments), default=0
        )


turns = st.lists(st.tuples(st.floats(0, 40), st.integers(1, 30), st.booleans()), min_size=1, max_size=60)


@given(turns=turns, start=st.floats(1.6e9, 1.6e9 + 120))
@settings(max_examples=60)
def test_no_rolling_minute_ever_holds_more_than_the_limit(
    turns: list[tuple[float, int, bool]], start: float
) -> None:
    ledger, limits, now = PaperLedger(), Limits(((60, MINUTE),)), start
    for gap, wanted, is_system in turns:
        now += gap
        ledger.begin(wanted, limits, now, is_system=is_system)
    assert ledger.most_within(MINUTE) <= 60


@given(gaps=st.lists(st.floats(0, 7200), min_size=1, max_size=80), start=st.floats(1.6e9, 1.6e9 + DAY))
@settings(max_examples=40)
def test_no_rolling_day_ever_holds_more_than_the_limit(gaps: list[float], start: float) -> None:
    ledger, limits, now = PaperLedger(), Limits(((20, MINUTE), (50, DAY))), start
    for gap in gaps:
        now += gap
        ledger.begin(10, limits, now)
    assert ledger.most_within(DAY) <= 50
    assert ledger.most_within(MINUTE) <= 20


@given(gaps=st.lists(st.floats(0.1, 20), min_size=1, max_size=60))
@settings(max_examples=40)
def test_when_nothing_is_left_the_named_moment_is_the_first_with_room(gaps: list[float]) -> None:
    ledger, limits, now = PaperLedger(), Limits(((30, MINUTE),)), 1.6e9
    for gap in gaps:
        now += gap
        ledger.begin(10, limits, now)
        left = allowance(limits.for_mailings(), ledger.rows(), now)
        if not left.letters:
            assert left.more_at is not None
            assert allowance(limits.for_mailings(), ledger.rows(), left.more_at - 0.01).letters == 0
            assert allowance(limits.for_mailings(), ledger.rows(), left.more_at).letters > 0


def test_mailings_leave_a_little_for_the_systems_own_letters() -> None:
    ledger, limits = PaperLedger(), Limits(((500, DAY),))
    moments = [1.6e9 + 61 * number for number in range(600)]
    assert sum(ledger.begin(500, limits, moment) for moment in moments) == 475
    assert ledger.begin(500, limits, moments[-1], is_system=True) == 25


def test_letters_go_out_in_portions_of_a_minute_or_less() -> None:
    ledger, limits = PaperLedger(), Limits(((60, MINUTE), (2000, DAY)))
    begun = [ledger.begin(1000, limits, 1.6e9 + second) for second in range(120)]
    assert max(begun) == 2 and begun.count(2) == 2


def test_a_limit_lowered_below_what_is_used_leaves_nothing_until_enough_has_passed() -> None:
    ledger = PaperLedger()
    ledger.begin(20, Limits(((20, HOUR),)), 1.6e9, is_system=True)
    lowered = Limits(((5, HOUR),))
    left = allowance(lowered.for_system(), ledger.rows(), 1.6e9 + 1)
    assert left.letters == 0 and left.more_at is not None and left.more_at >= 1.6e9 + HOUR


@pytest.mark.parametrize(("letters", "days"), [(1, 1), (475, 1), (476, 2), (1900, 4)])
def test_it_is_told_how_many_days_so_many_letters_need(letters: int, days: int) -> None:
    limits = Limits(((30, MINUTE), (500, DAY)))
    if days > 1:
        assert limits.periods_for(letters) == (500, DAY, days)
        assert (days - 1) * DAY < limits.time_for(letters).total_seconds() <= days * DAY
    else:
        assert limits.time_for(letters).total_seconds() <= DAY
