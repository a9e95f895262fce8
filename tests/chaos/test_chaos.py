"""A few short rounds of what `make chaos` does at length."""

import pytest

from tests.chaos.checks import faults_of
from tests.chaos.plan import QUICK, SHORT, make_plan
from tests.chaos.rig import Rig
from tests.chaos.story import story_of


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", [3])
def test_whatever_is_killed_nobody_is_lost_and_nobody_is_written_to_twice(
    rig: Rig, database_kind: str, seed: int
) -> None:
    with rig.run(make_plan(seed, database_kind, SHORT, QUICK)) as outcome:
        faults = faults_of(outcome)
        assert not faults, story_of(outcome, faults)


def test_the_same_seed_makes_the_same_plan_and_another_one_another(database_kind: str) -> None:
    plans = [make_plan(seed, database_kind, SHORT, QUICK) for seed in (1, 1, 2)]
    assert plans[0] == plans[1] != plans[2]
