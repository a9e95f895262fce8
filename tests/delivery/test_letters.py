"""Letters that are made before their begin is known to have been committed."""

from datetime import timedelta
from email.utils import parsedate_to_datetime

from mailer.delivery.claims import Claim
from mailer.delivery.letters import Letters
from tests.delivery.test_compose import NOW, composer, parsed

TOKEN = "f" * 32
LATER = NOW + timedelta(hours=1)


def date_of(letter: bytes) -> object:
    return parsedate_to_datetime(parsed(letter)["Date"])


def test_a_letter_that_was_made_ahead_bears_the_time_of_the_turn_before() -> None:
    letters, claim = Letters(composer(), TOKEN), Claim(3, "b@example.org", "B", 0)
    letters.end_turn(NOW)
    letters.make_ahead([claim])
    assert date_of(letters.take(claim, LATER)) == NOW


def test_a_letter_that_was_not_made_ahead_is_made_when_it_is_taken() -> None:
    letters, claim = Letters(composer(), TOKEN), Claim(3, "b@example.org", "B", 0)
    letters.make_ahead([claim])
    assert date_of(letters.take(claim, LATER)) == LATER


def test_a_letter_that_was_made_for_nothing_is_not_sent_in_a_later_try() -> None:
    letters = Letters(composer(), TOKEN)
    letters.end_turn(NOW)
    letters.make_ahead([Claim(3, "b@example.org", "B", 0)])
    letters.end_turn(NOW)
    second = letters.take(Claim(3, "b@example.org", "B", 1), LATER)
    assert date_of(second) == LATER
    assert parsed(second)["Message-ID"] == f"<{letters.letter_id(Claim(3, 'b@example.org', 'B', 1))}>"
