"""`make bench`: how fast Mailer delivers, beside what else could have been used, as one table.

Each round runs every contender once, in turn, so that a machine that speeds up or slows down does so for all;
the table shows medians. RECIPIENTS, ROUNDS and CONNECTIONS in the environment change the size; CASES chooses the
contenders whose names contain it.
"""

import os
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from benchmarks import contenders, servers
from benchmarks.contenders import Result, environment

RECIPIENTS = int(os.environ.get("RECIPIENTS", "100000"))
ROUNDS = int(os.environ.get("ROUNDS", "5"))
# Of each lane; two workers run two lanes.
CONNECTIONS = int(os.environ.get("CONNECTIONS", "20"))
LANES = 2
CHOSEN = os.environ.get("CASES", "")
SMALL, LARGE = 2_000, 40_000
# Half of a round trip of 50 ms.
DELAY = 0.025
# The slow ones are measured over fewer letters.
LOOP_LETTERS = max(1_000, RECIPIENTS // 50)
FAR_LETTERS = max(2_000, RECIPIENTS // 10)
FAR_LOOP_LETTERS = max(1_000, RECIPIENTS // 50)

Case = Callable[[], Result]


def main() -> None:
    with ExitStack() as stack:
        setting = Setting(stack)
        cases = {name: case for name, case in setting.cases() if CHOSEN in name}
        results: defaultdict[str, list[Result]] = defaultdict(list)
        for number in range(1, ROUNDS + 1):
            for name, case in cases.items():
                results[name].append(case())
                print(f"round {number}: {name}: {results[name][-1].rate:,.0f}/s", file=sys.stderr, flush=True)
    print(table(results))


class Setting:
    """The servers, and the cases that run against them."""

    def __init__(self, stack: ExitStack) -> None:
        servers.program("smtp-source", "postfix")
        self.sink = stack.enter_context(servers.smtp_sink())
        self.redis = stack.enter_context(servers.redis())
        self.postgresql = stack.enter_context(servers.durable_postgresql())
        self.certificate = stack.enter_context(servers.certificate())
        self.far = stack.enter_context(servers.proxy(self.sink, delay=DELAY))
        self.near = stack.enter_context(servers.proxy(self.sink))
        self.secure = stack.enter_context(servers.proxy(self.sink, certificate=self.certificate))
        self.logs = Path(stack.enter_context(tempfile.TemporaryDirectory()))

    def cases(self) -> Iterator[tuple[str, Case]]:
        for size, words in ((SMALL, "2 kB"), (LARGE, "40 kB")):
            yield f"smtp-source -d -s 10, {words}", partial(contenders.smtp_source, self.sink, RECIPIENTS, size)
            for kind, name in (("postgresql", "PostgreSQL"), ("sqlite", "SQLite")):
                yield f"Mailer, {name}, {words}", partial(self.mailer, kind, RECIPIENTS, size, self.sink)
                yield f"Flask-Mail loop, {name}, {words}", partial(self.loop, kind, size)
        connections = LANES * CONNECTIONS
        far = partial(contenders.plain_smtplib, self.far, FAR_LOOP_LETTERS, SMALL, connections)
        yield f"smtplib, {connections} connections, 50 ms", far
        yield "Mailer, PostgreSQL, 50 ms", partial(self.mailer, "postgresql", FAR_LETTERS, SMALL, self.far)
        yield "Mailer, PostgreSQL, by the proxy", partial(self.mailer, "postgresql", RECIPIENTS, SMALL, self.near)
        secure = {"MAIL_USE_SSL": "1", "SSL_CERT_FILE": str(self.certificate)}
        tls = partial(self.mailer, "postgresql", RECIPIENTS, SMALL, self.secure, **secure)
        yield "Mailer, PostgreSQL, by the proxy with TLS", tls

    def mailer(self, kind: str, recipients: int, size: int, port: int, **more: str) -> Result:
        with self.database(kind) as url:
            settings = environment(url, self.redis, port, CONNECTIONS, **more)
            return contenders.mailer(settings, self.redis, recipients, size, self.logs)

    def loop(self, kind: str, size: int) -> Result:
        with self.database(kind) as url:
            settings = environment(url, self.redis, self.sink, CONNECTIONS)
            return contenders.flask_mail_loop(settings, LOOP_LETTERS, size)

    @contextmanager
    def database(self, kind: str) -> Iterator[str]:
        with servers.fresh_database(kind, self.postgresql) as url:
            yield url


def table(results: dict[str, list[Result]]) -> str:
    """Medians, a row a contender."""
    head = f"{RECIPIENTS:,} recipients, {LANES} lanes of {CONNECTIONS} connections, medians of {ROUNDS} rounds"
    columns = ("letters/s", "CPU s/1,000", "peak MB", "B/recipient", "first letter, s")
    lines = [head, "", f"| | {' | '.join(columns)} |", "| --- |" + " ---: |" * len(columns)]
    for name, runs in results.items():
        cells = [
            f"{_median(runs, 'rate'):,.0f}",
            *(
                "" if (value := _median(runs, field)) is None else f"{value:,.{digits}f}"
                for field, digits in (("cpu", 2), ("memory", 0), ("bytes_per_recipient", 0), ("first_letter", 1))
            ),
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _median(runs: list[Result], field: str) -> float | None:
    values = [value for run in runs if (value := getattr(run, field)) is not None]
    return statistics.median(values) if values else None


if __name__ == "__main__":
    main()
