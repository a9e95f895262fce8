import shutil
import subprocess

import pytest
from redis import Redis
from redis.exceptions import AuthenticationError, ConnectionError, NoPermissionError

from mailer.embedded import valkey
from mailer.embedded.errors import StartError
from tests.support.ports import free_port, is_listening
from tests.support.waiting import wait_until


@pytest.fixture
def start(data_dir):
    """Starts the embedded server with a configuration of its own, and ends what is left of it after the test."""
    started = []

    def start_server(port, password):
        valkey.write_config(data_dir, port, password)
        log = open(data_dir / "redis.log", "ab")
        process = subprocess.Popen(
            [valkey.find_server(), valkey.config_path(data_dir)], stdout=log, stderr=subprocess.STDOUT
        )
        started.append((process, log))
        wait_until(lambda: is_listening(port), "the server to listen")
        return process

    yield start_server
    for process, log in started:
        process.kill()
        process.wait()
        log.close()


def test_it_lets_in_only_who_knows_the_password(start):
    port = free_port()
    start(port, "secret")
    with Redis.from_url(valkey.server_url(port, "secret")) as server:
        assert server.ping()
    for wrong in (f"redis://127.0.0.1:{port}/0", valkey.server_url(port, "wrong")):
        with Redis.from_url(wrong) as server, pytest.raises((AuthenticationError, NoPermissionError)):
            server.ping()


def test_it_listens_on_the_loopback_interface_only(start):
    port = free_port()
    start(port, "secret")
    with Redis.from_url(valkey.server_url(port, "secret")) as server:
        assert server.config_get("bind") == {"bind": "127.0.0.1"}


def test_its_password_is_for_its_owner_only(data_dir):
    valkey.write_config(data_dir, 20_000, "secret")
    assert valkey.config_path(data_dir).stat().st_mode & 0o777 == 0o600


def test_what_was_written_survives_kill_9_and_a_new_port(start):
    port = free_port()
    first = start(port, "secret")
    with Redis.from_url(valkey.server_url(port, "secret")) as server:
        server.set("bell", "rung")
        # The append-only file is written through every second, or at once on demand.
        server.config_set("appendfsync", "always")
        server.set("bell", "rung twice")
    first.kill()
    first.wait()
    port = free_port()
    start(port, "another")
    with Redis.from_url(valkey.server_url(port, "another"), decode_responses=True) as server:
        assert server.get("bell") == "rung twice"


def test_a_leftover_server_of_the_same_folder_is_ended(start, data_dir):
    port = free_port()
    leftover = start(port, "secret")
    valkey.end_leftover(data_dir, {"redis_url": valkey.server_url(port, "secret")})
    assert leftover.wait(timeout=20) == 0


def test_a_server_of_another_folder_is_left_alone(start, data_dir, tmp_path):
    port = free_port()
    start(port, "secret")
    valkey.end_leftover(tmp_path / "another", {"redis_url": valkey.server_url(port, "secret")})
    with Redis.from_url(valkey.server_url(port, "secret")) as server:
        assert server.ping()


def test_a_leftover_that_is_gone_is_no_error(data_dir, closed_port):
    valkey.end_leftover(data_dir, {"redis_url": valkey.server_url(closed_port, "secret")})
    valkey.end_leftover(data_dir, {})
    with Redis.from_url(valkey.server_url(closed_port, "secret")) as server, pytest.raises(ConnectionError):
        server.ping()


def test_without_any_server_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setattr(valkey.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(StartError, match="Install redis-server or valkey-server, or set REDIS_URL"):
        valkey.find_server()
