"""The figures for Prometheus, put together when it asks, from what Redis and the database know of all processes.

No attempt and no recipient is read: letters and times are counted when they happen (mailer.delivery.tallies), and the
rest is read from tables that stay small. What does not answer is left out, and `mailer_up` says so.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Config
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from mailer.delivery.bell import NO_REDIS
from mailer.delivery.presence import Presence, QueueState, presence, queue_states
from mailer.delivery.queues import redis_connection
from mailer.delivery.sweep import DEAD_AFTER
from mailer.delivery.tallies import (
    ANSWER_BOUNDS,
    ANSWERS,
    LETTERS,
    REQUEST_BOUNDS,
    REQUESTS,
    RESPONSES,
    SUM,
    SWEPT_LANES,
    UNBOUNDED,
    read_tallies,
)
from mailer.domain.clock import database_now
from mailer.domain.holds import active_holds
from mailer.domain.overdue import overdue_starts
from mailer.home.health import short_engine
from mailer.models.lanes import Hold, HoldKind, Lane
from mailer.models.mailings import Mailing, MailingStatus, Verdict

Labelled = dict[tuple[str, ...], float]


@dataclass
class Findings:
    """What was found at one moment."""

    is_database_up: bool = False
    is_redis_up: bool = False
    mailings: Labelled = field(default_factory=dict)
    holds: Labelled = field(default_factory=dict)
    lanes: Labelled = field(default_factory=dict)
    overdue: int = 0
    overdue_seconds: float = 0
    queues: Mapping[str, QueueState] = field(default_factory=dict)
    presence: Presence | None = None
    tallies: Mapping[str, float] = field(default_factory=dict)


def metrics_text(config: Config) -> bytes:
    """The answer to a scrape; a few seconds at most, whatever hangs."""
    findings = Findings()
    _ask_database(findings, config)
    _ask_redis(findings)
    registry = CollectorRegistry()
    registry.register(_Found(findings))
    return generate_latest(registry)


def _ask_database(findings: Findings, config: Config) -> None:
    try:
        with Session(short_engine(config["SQLALCHEMY_DATABASE_URI"])) as session:
            now = database_now(session)
            mailings = select(Mailing.status, func.count()).group_by(Mailing.status)
            found = {status: count for status, count in session.execute(mailings)}
            findings.mailings = {(status.value,): found.get(status, 0) for status in MailingStatus}
            findings.holds = _holds(session, now)
            is_silent = Lane.heartbeat_at < now - DEAD_AFTER
            silent = session.scalar(select(func.count()).select_from(Lane).where(is_silent)) or 0
            lanes = session.scalar(select(func.count()).select_from(Lane)) or 0
            findings.lanes = {("alive",): lanes - silent, ("silent",): silent}
            overdue = overdue_starts(session, now, must_be_confirmed=config["REQUIRE_CONFIRMED_EMAIL"])
            findings.overdue = overdue.count
            findings.overdue_seconds = (now - overdue.since).total_seconds() if overdue.since else 0
            findings.is_database_up = True
    except SQLAlchemyError:
        return


def _holds(session: Session, now: Any) -> Labelled:
    what = Hold.mailing_id.is_(None)
    active = active_holds(now).with_only_columns(what, Hold.kind, func.count()).group_by(what, Hold.kind)
    counts: dict[tuple[str, ...], float] = {}
    for is_account, kind, count in session.execute(active):
        counts["account" if is_account else "mailing", HoldKind(kind).value] = count
    return counts


def _ask_redis(findings: Findings) -> None:
    try:
        connection = redis_connection()
        findings.tallies = read_tallies(connection)
        findings.queues = queue_states(connection, time.time())
        findings.presence = presence()
        findings.is_redis_up = findings.presence is not None
    except NO_REDIS:
        return


class _Found(Collector):
    """Says it in Prometheus' words."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings

    def collect(self) -> Iterable[Metric]:
        found = self._findings
        up: Labelled = {("database",): float(found.is_database_up), ("redis",): float(found.is_redis_up)}
        yield _gauge("mailer_up", "Whether it answers.", ["part"], up)
        if found.is_database_up:
            yield _gauge("mailer_mailings", "Mailings.", ["status"], found.mailings)
            yield _gauge("mailer_holds", "Holds in force.", ["what", "kind"], found.holds)
            yield _gauge("mailer_lanes", "Lanes; silent ones are about to be swept.", ["state"], found.lanes)
            yield _gauge("mailer_overdue_starts", "Mailings due for a minute and not started.", [], {(): found.overdue})
            words = "For how long the oldest of them has been due."
            yield _gauge("mailer_oldest_overdue_start_seconds", words, [], {(): found.overdue_seconds})
        if found.is_redis_up:
            yield from self._of_redis()

    def _of_redis(self) -> Iterable[Metric]:
        queues, tallies, who = self._findings.queues, self._findings.tallies, self._findings.presence
        depth: Labelled = {(name,): float(queue.jobs) for name, queue in queues.items()}
        yield _gauge("mailer_queue_jobs", "Jobs that wait for a worker.", ["queue"], depth)
        age: Labelled = {(name,): queue.oldest_seconds for name, queue in queues.items()}
        yield _gauge("mailer_queue_oldest_seconds", "For how long the next one has waited.", ["queue"], age)
        if who is not None:
            yield _gauge("mailer_workers", "Workers that live.", [], {(): float(who.workers)})
            yield _gauge("mailer_scheduler", "Whether a scheduler lives.", [], {(): float(who.has_scheduler)})
        letters: Labelled = {(verdict.value,): tallies.get(f"{LETTERS}|{verdict.value}", 0.0) for verdict in Verdict}
        yield _counter("mailer_letters", "Answers recorded by workers, by verdict.", ["verdict"], letters)
        swept: Labelled = {(): tallies.get(SWEPT_LANES, 0.0)}
        yield _counter("mailer_swept_lanes", "Lanes that died and were swept.", [], swept)
        times = HistogramMetricFamily("mailer_smtp_answer_seconds", "From a letter's last bytes to the answer.")
        _add_times(times, [], tallies, ANSWERS, ANSWER_BOUNDS)
        yield times
        responses: Labelled = {
            (name.partition("|")[2],): count for name, count in tallies.items() if name.startswith(f"{RESPONSES}|")
        }
        yield _counter("mailer_http_responses", "Answers to requests, by kind.", ["status"], responses)
        times = HistogramMetricFamily("mailer_http_request_seconds", "Time of requests.", labels=["part"])
        for part in sorted({name.split("|")[1] for name in tallies if name.startswith(f"{REQUESTS}|")}):
            _add_times(times, [part], tallies, f"{REQUESTS}|{part}", REQUEST_BOUNDS)
        yield times


def _gauge(name: str, words: str, labels: list[str], values: Labelled) -> Metric:
    family = GaugeMetricFamily(name, words, labels=labels)
    for label_values, value in values.items():
        family.add_metric(label_values, value)
    return family


def _counter(name: str, words: str, labels: list[str], values: Labelled) -> Metric:
    family = CounterMetricFamily(name, words, labels=labels)
    for label_values, value in values.items():
        family.add_metric(label_values, value)
    return family


def _add_times(
    family: HistogramMetricFamily,
    labels: list[str],
    tallies: Mapping[str, float],
    name: str,
    bounds: Iterable[float],
) -> None:
    """Prometheus wants each class of time to include the shorter ones."""
    buckets, count = [], 0.0
    for bound in (*map(str, bounds), UNBOUNDED):
        count += tallies.get(f"{name}|{bound}", 0.0)
        buckets.append((bound, count))
    family.add_metric(labels, buckets, tallies.get(f"{name}|{SUM}", 0.0))
