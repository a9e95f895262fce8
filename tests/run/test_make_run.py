import json
import os
import signal
import subprocess
import sys

import pytest
from redis import Redis

from mailer.config import PROJECT_DIR
from mailer.embedded.guard import session_members
from tests.support.processes import answers

# The database is the one of a newcomer. A journey starts and uses such a run on both.


def refusal(start_run, *arguments, **settings):
    """What a run that cannot start says; it must be one line."""
    run = start_run(*arguments, **settings)
    assert run.process.wait(90) == 1, run.output
    assert run.output.count("\n") == 1, run.output
    return run.output


def test_its_last_lines_say_the_url_where_mail_goes_and_what_to_do_next(running):
    url, mail, what_next = running.output.splitlines()[-3:]
    assert url == f"Mailer is running at {running.url}"
    assert f"{running.url}/outbox/" in mail
    assert "register" in what_next and "Ctrl-C" in what_next


def test_only_its_owner_can_read_where_the_services_listen(running):
    services = running.data_dir / "services.json"
    assert services.stat().st_mode & 0o777 == 0o600
    assert sorted(json.loads(services.read_text())) == ["outbox_port", "redis_url"]


def test_another_terminal_finds_the_embedded_services(running):
    command = [sys.executable, "-c", "from wsgi import app; print(app.config['REDIS_URL'], app.config['MAIL_PORT'])"]
    found = subprocess.run(
        command, cwd=PROJECT_DIR, env=running.environment, capture_output=True, text=True, check=True
    )
    url, port = found.stdout.split()
    assert json.loads((running.data_dir / "services.json").read_text()) == {"redis_url": url, "outbox_port": int(port)}
    with Redis.from_url(url) as server:
        assert server.ping()


def test_a_second_run_on_the_same_data_dir_is_refused(running, start_run):
    words = refusal(start_run, running.data_dir)
    assert str(running.data_dir) in words and "in use by another `make run`" in words
    assert answers(running.url)


def test_a_taken_port_is_refused(running, start_run):
    port = running.settings["PORT"]
    assert f"PORT: 127.0.0.1:{port} is taken" in refusal(start_run, PORT=port)


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"REDIS_URL": "redis://:secret@127.0.0.1:1/0"}, "REDIS_URL: 127.0.0.1:1 does not answer"),
        ({"DATABASE_URL": "postgresql://u:secret@127.0.0.1:1/mailer"}, "DATABASE_URL: 127.0.0.1:1/mailer"),
        (
            {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": "1", "MAIL_DEFAULT_SENDER": "a@example.org"},
            "MAIL_SERVER: 127.0.0.1:1 does not answer (Connection refused)",
        ),
        ({"WORKERS": "many"}, "WORKERS: 'many'"),
    ],
)
def test_what_cannot_be_reached_or_used_is_refused(start_run, settings, words):
    output = refusal(start_run, **settings)
    assert words in output
    assert "secret" not in output


def test_a_start_that_fails_shows_the_last_words_of_what_failed(start_run, tmp_path):
    files = tmp_path / "data" / "redis" / "appendonlydir"
    files.mkdir(parents=True)
    (files / "appendonly.aof.manifest").write_text("nonsense\n")
    run = start_run(tmp_path / "data")
    assert run.process.wait(90) == 1
    assert "Mailer could not start: " in run.output
    assert "The last words of redis:" in run.output and "Traceback" not in run.output
    assert "move DATA_DIR/redis away" in run.output
    assert session_members(run.session_id) == set()


@pytest.mark.parametrize("name", ["redis", "outbox", "web", "worker-1", "scheduler"])
def test_a_killed_process_comes_back(running, name):
    killed = running.pid_of(name)
    os.kill(killed, signal.SIGKILL)
    running.wait_until(lambda: running.pid_of(name) != killed and answers(running.url), f"a new {name}")
    running.wait_until(lambda: f"{name} has ended unexpectedly" in running.output, "a word about it")


def test_a_killed_supervisor_comes_back(running):
    killed = running.session_id
    os.kill(killed, signal.SIGKILL)
    running.wait_until(lambda: running.session_id != killed and answers(running.url), "a new supervisor")
    assert not session_members(killed)


def test_a_run_leaves_no_process_behind_be_it_killed_or_stopped(running, start_run):
    session_id = running.session_id
    assert session_members(session_id)
    running.process.kill()
    running.process.wait()
    # The next run waits for the end of what the killed one has started.
    next_run = start_run(running.data_dir, **running.settings)
    next_run.wait_until_ready()
    assert session_members(session_id) == set()
    session_id = next_run.session_id
    assert next_run.stop(signal.SIGTERM) == 0
    assert session_members(session_id) == set()
    assert not (next_run.data_dir / "services.json").exists()
