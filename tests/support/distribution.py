"""Which tests go to which of the processes that pytest-xdist starts, and in which order."""

from collections.abc import Iterable
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

# These wait for real processes most of the time. Side by side they would leave a machine idle that the others, side by
# side, keep too busy; and whatever long one began last would be waited for by everybody. The longest come first.
WAITING = ("tests/run/", "tests/chaos/", "tests/journeys/")
# The part of the run within which they begin.
SPREAD = 0.7


def unit_of(nodeid: str) -> str:
    """A file on one database: its tests stay in one process, so that what takes long to start is shared."""
    path, _, name = nodeid.partition("::")
    is_on_postgresql = name.partition("[")[2].startswith("postgresql")
    return f"{path} on postgresql" if is_on_postgresql else path


def in_order(units: Iterable[str]) -> list[str]:
    """The units as they are to be begun."""
    waiting: list[str] = []
    others: list[str] = []
    for unit in units:
        (waiting if unit.startswith(WAITING) else others).append(unit)
    waiting.sort(key=lambda unit: [not unit.startswith(folder) for folder in WAITING])
    places = {unit: SPREAD * number / len(waiting) for number, unit in enumerate(waiting)}
    places |= {unit: number / len(others) for number, unit in enumerate(others)}
    return sorted(places, key=places.__getitem__)


class UnitScheduling(LoadScopeScheduling):
    """Gives the next unit to whichever process has done with its last one."""

    def __init__(self, config: pytest.Config, log: Any) -> None:
        super().__init__(config, log)
        # Those with the most tests would go first.
        config.option.loadscopereorder = False

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> UnitScheduling:
    return UnitScheduling(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The processes tell their collection in the order in which the units are to be given away."""
    if not hasattr(config, "workerinput"):
        return
    units: dict[str, list[pytest.Item]] = {}
    for item in items:
        units.setdefault(unit_of(item.nodeid), []).append(item)
    items[:] = [item for unit in in_order(units) for item in units[unit]]
