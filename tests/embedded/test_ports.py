import socket

import pytest

from mailer.embedded import ports
from mailer.embedded.errors import StartError


def test_free_ports_are_different_and_none_that_outgoing_connections_are_given():
    free = ports.free_ports(20)
    assert len(set(free)) == 20
    assert all(20_000 <= port < 32_000 for port in free)


def test_without_free_ports_it_is_said_so(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setattr(ports, "PORTS", [taken.getsockname()[1]] * 100)
        with pytest.raises(StartError, match="no free ports"):
            ports.free_ports(1)
