"""Lines of JSON for files and collectors, with what ties them together."""

import json
import logging
import sys

import pytest
from flask import Flask
from rq.job import Job

from mailer.delivery.bell import ring_lanes
from mailer.delivery.queues import lanes_queue, redis_connection
from mailer.logs import JsonLines
from tests.support.processes import Processes
from tests.support.waiting import wait_until


def told(message: str, *values: object, level: int = logging.INFO) -> dict[str, object]:
    record = logging.LogRecord("mailer.delivery", level, __file__, 1, message, values, None)
    line = JsonLines().format(record)
    assert "\n" not in line
    answer: dict[str, object] = json.loads(line)
    return answer


def test_a_line_says_when_who_and_what() -> None:
    line = told("Привет, %s\n%s", "Anna", "bye")
    assert (line["level"], line["logger"], line["message"]) == ("INFO", "mailer.delivery", "Привет, Anna\nbye")
    assert str(line["time"]).endswith("+00:00")
    assert not {"request", "job", "mailing", "exception"} & set(line)


def test_an_exception_is_part_of_its_line() -> None:
    try:
        raise ValueError("broken")
    except ValueError:
        record = logging.LogRecord("mailer", logging.ERROR, __file__, 1, "Oh", (), sys.exc_info())
    assert "ValueError: broken" in json.loads(JsonLines().format(record))["exception"]


def test_the_mailing_is_known_by_the_sentence() -> None:
    assert told("A dead lane of mailing %s was swept.", 7)["mailing"] == 7


def test_the_lines_of_one_request_bear_one_id(app: Flask) -> None:
    with app.test_request_context():
        first, second = told("one")["request"], told("two")["request"]
    with app.test_request_context():
        other = told("three")["request"]
    assert first == second != other


@pytest.mark.one_database("it is about Redis")
def test_the_lines_of_a_job_bear_its_id_and_its_mailing(app_context: None, monkeypatch: pytest.MonkeyPatch) -> None:
    ring_lanes(12)
    job: Job = lanes_queue(redis_connection()).jobs[0]
    monkeypatch.setattr("mailer.logs.get_current_job", lambda: job)
    line = told("The account is held")
    assert (line["job"], line["mailing"]) == (job.id, 12)


@pytest.mark.one_database("the log is the same on both")
def test_a_process_without_a_terminal_logs_json(processes: Processes) -> None:
    worker = processes.start_worker(REDIS_URL="redis://127.0.0.1:1/0")
    wait_until(lambda: "\n" in worker.words, "the first line")
    line = json.loads(worker.words.splitlines()[0])
    assert line["level"] == "WARNING" and "Redis" in line["message"]
