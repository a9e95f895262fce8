"""Where the embedded services listen."""

import random
import socket

from mailer.embedded.errors import StartError

# Below the ports that operating systems give to outgoing connections (from 32768 on Linux, from 49152 on macOS): a
# client that reconnects to a stopped server on one of those can be given that very port, and talks to itself.
PORTS = range(20_000, 32_000)


def free_ports(number: int) -> list[int]:
    """So many different ports of the loopback interface where nobody listens."""
    free = [port for port in random.sample(PORTS, 100) if _is_free(port)]
    if len(free) < number:
        raise StartError("There are no free ports on 127.0.0.1 for the embedded services.")
    return free[:number]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
