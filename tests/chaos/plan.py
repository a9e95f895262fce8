"""What will happen in one run: everything that chance decides is decided here, by the seed."""

import random
from dataclasses import dataclass, field

# Hosts whose clocks are five minutes apart, and the one that the database's clock belongs to.
CLOCKS = {"here": 0, "ahead": 300, "behind": -300}


@dataclass(frozen=True)
class Pace:
    """Seconds between the heartbeats of a lane, and those after which a silent one is dead."""

    beat: float
    lease: float

    @property
    def long_stop(self) -> float:
        """A stop after which a lane has lost its token, and the sweep has had time to find it."""
        return self.lease * 1.3 + 4


REAL = Pace(beat=5, lease=30)
QUICK = Pace(beat=1, lease=6)


@dataclass(frozen=True)
class MailingPlan:
    """Seconds from the beginning of the run; `lasts` is the length of the window."""

    recipients: int
    starts_at: float
    lasts: float


@dataclass(frozen=True)
class Blow:
    """One thing that is done to the installation, or that an owner does. `luck` chooses whom it meets."""

    at: float
    kind: str
    luck: float = 0.0
    lasts: float = 0.0

    def __str__(self) -> str:
        return f"{self.at:5.1f} s {self.kind}" + (f" for {self.lasts:.1f} s" if self.lasts else "")


@dataclass(frozen=True)
class Plan:
    seed: int
    database: str
    pace: Pace
    # The host of each worker and of each scheduler; on SQLite all is one host.
    workers: list[str]
    schedulers: list[str]
    connections: int
    chances: dict[str, float]
    delay: float
    busy: float
    mailings: list[MailingPlan]
    blows: list[Blow] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"SEED={self.seed} DATABASE={self.database}"

    def story(self) -> str:
        lines = [
            f"{self.name}: beat {self.pace.beat} s, lease {self.pace.lease} s, {self.connections} connections a lane",
            f"workers on {', '.join(self.workers)}; schedulers on {', '.join(self.schedulers)}",
            f"mail server: {self.delay * 1000:.0f} ms a letter, busy {self.busy:.3f}, "
            + ", ".join(f"{name} {chance:.3f}" for name, chance in self.chances.items() if chance),
        ]
        lines += [str(mailing) for mailing in self.mailings]
        lines += [str(blow) for blow in self.blows]
        return "\n".join(lines)


# How often each kind comes, relative to the others.
BLOWS = {
    "kill work-horse": 4,
    "kill worker": 3,
    "kill worker and work-horse": 3,
    "stop politely": 2,
    "freeze work-horse": 3,
    "freeze worker and work-horse": 2,
    "freeze work-horse beyond its lease": 2,
    "kill scheduler": 2,
    "freeze scheduler": 1,
    "kill Redis": 2,
    "freeze Redis": 1,
    "freeze Redis beyond a lease": 1,
    "keep the database from writing beyond a lease": 1,
    "flush Redis": 2,
    "start again": 2,
    "start again by the command": 1,
    "pause": 3,
    "unsubscribe": 3,
    "delete clients": 1,
    "finish": 1,
}
BLOWS_ON_POSTGRESQL = {
    "kill PostgreSQL": 2,
    "freeze PostgreSQL": 1,
    "kill backend": 3,
    "freeze backend": 2,
}
# Not in every run: what a server does seldom, it does never to most letters.
FAULTS = {
    "slow": 0.01,
    "busy-mailbox": 0.02,
    "no-mailbox": 0.02,
    "hang-early": 0.003,
    "half-early": 0.004,
    "close-early": 0.01,
    "drop-early": 0.01,
    "cut": 0.006,
    "defer": 0.02,
    "refuse": 0.01,
    "close": 0.01,
    "drop": 0.006,
    "drop-kept": 0.006,
    "half": 0.003,
    "half-kept": 0.003,
    "hang": 0.002,
    "hang-kept": 0.002,
}


@dataclass(frozen=True)
class Size:
    """How big a run is: letters in all, the seconds in which blows fall, and how many."""

    letters: int
    seconds: float
    blows: int


SHORT = Size(letters=400, seconds=6, blows=8)
LONG = Size(letters=1500, seconds=16, blows=12)


def make_plan(seed: int, database: str, size: Size, pace: Pace) -> Plan:
    """The plan of one run; the same arguments always give the same plan."""
    rng = random.Random(f"{seed} {database}")
    workers, connections = rng.choice([2, 2, 3]), rng.choice([2, 3, 5, 10])
    hosts = ["here"] if database == "sqlite" else list(CLOCKS)
    return Plan(
        seed=seed,
        database=database,
        pace=pace,
        workers=[hosts[(seed + number) % len(hosts)] for number in range(workers)],
        schedulers=[rng.choice(hosts) for _ in range(rng.choice([1, 2]))],
        connections=connections,
        chances={name: _chance(rng, name, connections) for name in FAULTS},
        # Two lanes shall be busy while the blows fall, mostly; some runs are a race.
        delay=size.seconds * 2 * connections / size.letters * rng.choice([0.1, 0.4, 0.8]),
        # A lane all of whose connections are turned away makes the whole account wait.
        busy=rng.choice([0, 0.02]) if connections > 3 else 0,
        mailings=_mailings(rng, size),
        blows=sorted(_blows(rng, database, size, pace), key=lambda blow: blow.at),
    )


def _chance(rng: random.Random, name: str, connections: int) -> float:
    chance = FAULTS[name] * rng.choice([0, 1, 1, 2])
    # Each connection that hangs is out of work for seconds, and some lanes have only one.
    return chance * connections / 10 if name.startswith("hang") else chance


def _mailings(rng: random.Random, size: Size) -> list[MailingPlan]:
    count = rng.choice([1, 2, 3])
    shares = [rng.uniform(0.5, 1) for _ in range(count)]
    return [
        MailingPlan(
            recipients=int(size.letters * share / sum(shares)),
            starts_at=0 if number == 0 else rng.uniform(0, size.seconds * 0.6),
            # Some windows close while there is still work to do.
            lasts=rng.choice([600, 600, size.seconds * rng.uniform(0.8, 2)]),
        )
        for number, share in enumerate(shares)
    ]


def _blows(rng: random.Random, database: str, size: Size, pace: Pace) -> list[Blow]:
    weights = BLOWS | (BLOWS_ON_POSTGRESQL if database == "postgresql" else {})
    kinds = rng.choices(list(weights), list(weights.values()), k=size.blows)
    return [
        Blow(
            # Once a mailing is finished nothing more can happen to it.
            at=rng.uniform(size.seconds * 0.7 if kind == "finish" else 0.5, size.seconds),
            kind=kind,
            luck=rng.random(),
            lasts=pace.long_stop if " beyond " in kind else _lasting(rng, kind, pace),
        )
        for kind in kinds
    ]


def _lasting(rng: random.Random, kind: str, pace: Pace) -> float:
    """How long what is stopped, killed or paused stays so: shorter than a lease, unless its kind says otherwise."""
    if kind.startswith(("freeze", "kill Redis", "kill PostgreSQL", "kill scheduler", "kill worker", "stop", "pause")):
        return rng.uniform(0.2, pace.lease / 4)
    return 0.0
