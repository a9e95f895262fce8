"""`make bench-pages`: how soon the pages answer, on both databases, as two tables.

The first is about the lists of many clients, and the second about years of work (benchmarks/many_attempts.py). Each
page is asked for RUNS times after a first time that does not count, within one process and without a network, so that
the times are the server's own. CLIENTS, RUNS, and what benchmarks/seeding.py names, in the environment change the size.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from benchmarks import many_attempts, servers
from benchmarks.contenders import environment
from benchmarks.many_attempts import postgresql_cluster, sqlite_file
from benchmarks.seeding import size_wanted
from benchmarks.timing import RUNS, Answer, Ask, timed
from mailer import create_app
from mailer.extensions import db
from mailer.models.clients import Client
from mailer.models.users import User
from tests.support.factories import client_row, message_of, started_mailing_of, suppress, user_of
from tests.support.redis_server import RedisServer
from tests.support.visitor import Page, Visitor, visitor
from tests.support.windows import window

CLIENTS = int(os.environ.get("CLIENTS", "100000"))
BATCH = 5000
# What the product promises of every page here.
MOST_MILLISECONDS, MOST_QUERIES = 100, 6

FIRST_NAMES = ("Анна", "Олег", "Irina", "Boris", "Галина", "Пётр", "Maria", "Jürgen")
LAST_NAMES = ("Белова", "Tarasov", "Ковалёва", "Müller", "Смирнов", "Воскресенская", "Novak")


def main() -> None:
    with servers.redis() as redis, servers.durable_postgresql() as postgresql:
        columns: dict[str, dict[str, Answer]] = {}
        for kind, name in (("sqlite", "SQLite"), ("postgresql", "PostgreSQL")):
            with servers.fresh_database(kind, postgresql) as url:
                os.environ.update(environment(url, redis, mail_port=9, connections=1))
                columns[name] = dict(measured(create_app({"WTF_CSRF_ENABLED": False})))
        print(table(columns), flush=True)
        print("", years_of_work(redis), sep="\n")


def years_of_work(redis: RedisServer) -> str:
    """The second table. Its databases take minutes to make, and gigabytes of room while they are looked at."""
    size, columns, files = size_wanted(), {}, {}
    for name, installation in (("SQLite", sqlite_file), ("PostgreSQL", postgresql_cluster)):
        with installation(size) as installed:
            columns[name] = many_attempts.measured(installed, redis)
            files[name] = many_attempts.asked_of_a_new_process(installed, redis, ["file", "/clients/export"])
    return many_attempts.table(columns, files, size)


def measured(app: Flask) -> Iterator[tuple[str, Answer]]:
    # The pages are asked for outside of this context: within it one request would remember what another has read.
    with app.app_context():
        engine = db.engine
        with Session(engine) as session:
            alice = fill(session)
    browser = visitor(app, None, alice)
    for name, ask in asked().items():
        yield name, timed(browser, engine, ask)
    engine.dispose()


def fill(session: Session) -> User:
    """Somebody with as many clients as are wanted, each of whom has had a letter."""
    alice = user_of(session, "alice@mailer.example", "Alice")
    now = datetime.now(UTC)
    for first in range(0, CLIENTS, BATCH):
        numbers = range(first, min(first + BATCH, CLIENTS))
        session.execute(insert(Client), [row_of(number, alice.id, now) for number in numbers])
    started_mailing_of(alice, message=message_of(alice))
    suppress(alice, *(email_of(number) for number in range(0, CLIENTS, 100)))
    session.commit()
    engine = session.get_bind().engine
    if engine.dialect.name == "postgresql":
        # What its own daemon would have done a minute later.
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM (ANALYZE)"))
    session.refresh(alice)
    session.expunge(alice)
    return alice


def email_of(number: int) -> str:
    return f"client{number}@example.org"


def row_of(number: int, owner_id: int, now: datetime) -> dict[str, Any]:
    name = f"{FIRST_NAMES[number % len(FIRST_NAMES)]} {LAST_NAMES[number % len(LAST_NAMES)]} {number * 7919 % CLIENTS}"
    email, comment = email_of(number), "Блокноты А5, раз в месяц" if number % 3 else ""
    return client_row(owner_id, email, name, comment, now)


def asked() -> dict[str, Ask]:
    """The pages, each as a browser asks for it."""

    def get(path: str) -> Ask:
        return lambda browser: browser.get(path, htmx="q=" in path)

    def choose(**changes: Any) -> Ask:
        form = {"message_id": 1, "audience": "selected", "chosen": f"1-{CLIENTS // 2}", **window(), **changes}
        return lambda browser: browser.post("/mailings/new", data=form, htmx=True)

    return {
        "the list": get("/clients/"),
        "a search": get("/clients/?q=tarasov"),
        "a search in Cyrillic": get("/clients/?q=%D0%91%D0%95%D0%9B%D0%9E%D0%92%D0%90"),
        # Of a first name, which none of those before them in the list has.
        "a search for those who come last": get("/clients/?q=%D0%BF%D1%91%D1%82%D1%80"),
        "a search that finds nobody": get("/clients/?q=zzzz"),
        "sorted by address": get("/clients/?sort=email"),
        "sorted by newest": get("/clients/?sort=newest"),
        "a page turn": turn(),
        "the form of a mailing": get("/mailings/new"),
        "the chooser: a search": choose(act="find", find="белова"),
        "the chooser: the summary of half of all": choose(act="preview"),
    }


def turn() -> Ask:
    place: list[str] = []

    def ask(browser: Visitor) -> Page:
        if not place:
            # From the end of the list: whatever counts the rows before a page has most to count there.
            url = str(browser.get("/clients/?sort=-name").one(".pager a")["href"])
            place.append(url.replace("sort=-name", "sort=name").replace("after=", "before="))
        page: Page = browser.get(place[0])
        return page

    return ask


def table(columns: dict[str, dict[str, Answer]]) -> str:
    """A row a page: median and p95 on each database, queries and size."""
    names = list(columns)
    heads = [f"{name}, {what}" for name in names for what in ("median ms", "p95 ms")]
    lines = [
        f"{CLIENTS:,} clients, {RUNS} times each; promised: {MOST_MILLISECONDS} ms, {MOST_QUERIES} queries",
        "",
        f"| | {' | '.join(heads)} | queries | kB |",
        "| --- |" + " ---: |" * (len(heads) + 2),
    ]
    for page in columns[names[0]]:
        answers = [columns[name][page] for name in names]
        times = [f"{value:.0f}" for answer in answers for value in (answer.median, answer.p95)]
        queries = max(answer.queries for answer in answers)
        is_kept = queries <= MOST_QUERIES and all(answer.p95 <= MOST_MILLISECONDS for answer in answers)
        lines.append(
            f"| {page}{'' if is_kept else ' (!)'} | {' | '.join(times)} | {queries} | {answers[0].kilobytes:.0f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
