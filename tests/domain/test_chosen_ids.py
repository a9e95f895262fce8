"""Ids chosen by hand, as a condition: the same rows come, however the ids lie."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.domain.chosen_ids import BLOCK, LONG_RUN, MOST_RUNS, is_among, runs_of
from mailer.models.clients import Client
from mailer.models.users import User
from tests.support.factories import client_of

FAR = 1_000_000
# By what they are: chosen ids beside which ids 1 to 6 exist.
CHOICES = {
    "none": set(),
    "single ones": {2, 5},
    "a run alone": set(range(3, 3 + LONG_RUN * 2)),
    "a run and single ones": {1, *range(4, 5 + LONG_RUN), FAR},
    "more runs than a statement has room for": {
        start * FAR + number for start in range(MOST_RUNS + 2) for number in range(1, LONG_RUN + 2)
    },
}


@pytest.mark.parametrize("chosen", CHOICES.values(), ids=CHOICES.keys())
def test_the_rows_with_the_chosen_ids_are_found(session: Session, alice: User, chosen: set[int]) -> None:
    ids = {client_of(alice).id for _number in range(6)}
    found = session.scalars(select(Client.id).where(is_among(session, Client.id, chosen))).all()
    assert set(found) == ids & chosen


def test_ids_lie_in_runs() -> None:
    assert runs_of({7, 1, 2, 3, 9, 10}) == [(1, 3), (7, 7), (9, 10)]


@given(st.sets(st.integers(1, 4 * BLOCK), max_size=12), st.booleans())
def test_runs_hold_the_same_ids_and_do_not_touch(ids: set[int], is_turned: bool) -> None:
    chosen = set(range(1, 4 * BLOCK)) - ids if is_turned else ids
    runs = runs_of(chosen)
    assert [number for first, last in runs for number in range(first, last + 1)] == sorted(chosen)
    assert all(last + 1 < first for (_, last), (first, _) in pairwise(runs))
