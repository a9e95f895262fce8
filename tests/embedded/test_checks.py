import socket

import pytest

from mailer.config import load_settings
from mailer.embedded import checks
from mailer.embedded.errors import StartError


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def refusal(check, *arguments):
    """What a check says; it must be one line, as it is all that a person gets to see."""
    with pytest.raises(StartError) as refused:
        check(*arguments)
    words = str(refused.value)
    assert "\n" not in words
    return words


def test_a_free_port_is_accepted(closed_port):
    checks.check_port("127.0.0.1", closed_port)


def test_a_taken_port_is_named(listener):
    assert f"PORT: 127.0.0.1:{listener} is taken" in refusal(checks.check_port, "127.0.0.1", listener)


def test_a_host_that_is_not_this_machine_is_named(closed_port):
    assert "HOST: 192.0.2.1" in refusal(checks.check_port, "192.0.2.1", closed_port)


def test_an_unreachable_mail_server_is_named(closed_port):
    words = refusal(checks.check_mail_server, "127.0.0.1", closed_port)
    assert f"MAIL_SERVER: 127.0.0.1:{closed_port} does not answer (Connection refused)" in words


def test_a_mail_server_that_answers_is_accepted(listener):
    checks.check_mail_server("127.0.0.1", listener)


def test_an_unreachable_redis_is_named_without_its_password(closed_port):
    words = refusal(checks.check_redis, f"redis://:secret@127.0.0.1:{closed_port}/0")
    assert f"REDIS_URL: 127.0.0.1:{closed_port}" in words
    assert "secret" not in words


def test_a_redis_url_that_is_not_understood_is_not_repeated():
    assert "secret" not in refusal(checks.check_redis, "http://:secret@127.0.0.1/")


def test_an_unreachable_database_is_named_without_its_password(closed_port, data_dir):
    url = f"postgresql://shop:secret@127.0.0.1:{closed_port}/mailer"
    words = refusal(checks.check_database, load_settings({"DATABASE_URL": url, "DATA_DIR": str(data_dir)}))
    assert f"DATABASE_URL: 127.0.0.1:{closed_port}/mailer cannot be used" in words
    assert "secret" not in words


def test_a_database_file_that_cannot_be_opened_is_named(data_dir):
    url = f"sqlite:///{data_dir}/missing/mailer.sqlite"
    words = refusal(checks.check_database, load_settings({"DATABASE_URL": url, "DATA_DIR": str(data_dir)}))
    assert "missing/mailer.sqlite cannot be used" in words
