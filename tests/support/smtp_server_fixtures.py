"""The SMTP server as a fixture: mail of an app or a process in the same test goes to it."""

from collections.abc import Iterator

import pytest

from tests.support.smtp_server import SmtpServer


@pytest.fixture
def smtp_server() -> Iterator[SmtpServer]:
    server = SmtpServer()
    server.start()
    yield server
    server.stop()
