"""How long a page takes, and how many questions it asks of its database."""

import math
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine

from tests.support.statements import statements_of
from tests.support.visitor import Page, Visitor

RUNS = int(os.environ.get("RUNS", "50"))

Ask = Callable[[Visitor], Page]


@dataclass(frozen=True)
class Answer:
    """What one page took; times in milliseconds."""

    median: float
    p95: float
    queries: int
    kilobytes: float


def timed(browser: Visitor, engine: Engine, ask: Ask) -> Answer:
    page = ask(browser)
    assert page.status_code == 200, page.status_code
    with statements_of(engine) as statements:
        ask(browser)
    times = []
    for _run in range(RUNS):
        began = time.perf_counter()
        ask(browser)
        times.append((time.perf_counter() - began) * 1000)
    p95 = sorted(times)[math.ceil(0.95 * len(times)) - 1]
    return Answer(statistics.median(times), p95, len(statements), len(page.get_data()) / 1024)
