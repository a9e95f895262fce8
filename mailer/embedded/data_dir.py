"""DATA_DIR, as `make run` uses it: for one run at a time, and for nobody else's eyes."""

import fcntl
import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from mailer.config import SERVICES_FILE
from mailer.embedded.errors import StartError

# guard.py waits for this lock, so the name is known there too.
LOCK_FILE = "run.lock"

# A run that was killed is stopped by its guard, which waits for letters in flight; this is longer than that takes.
KILLED_RUN_STOPS_WITHIN = 60.0


@contextmanager
def sole_use_of(data_dir: Path) -> Iterator[None]:
    """Hold DATA_DIR for this process; raises StartError when it cannot be written or another run holds it."""
    with _lock_file(data_dir) as file:
        _lock(file, data_dir)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def write_private_file(path: Path, text: str) -> None:
    """Replace a file at once and whole, readable by its owner only; mkstemp makes it with mode 0600."""
    descriptor, fresh = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    os.replace(fresh, path)


def write_services(data_dir: Path, services: dict[str, Any]) -> None:
    """Say where the embedded services listen; mailer.config reads it in every process."""
    write_private_file(data_dir / SERVICES_FILE, json.dumps(services))


def read_services(data_dir: Path) -> dict[str, Any]:
    """The services of a run that was killed, or nothing: a run that ends by itself forgets them."""
    try:
        services: dict[str, Any] = json.loads((data_dir / SERVICES_FILE).read_text())
    except (OSError, ValueError):
        return {}
    return services


def forget_services(data_dir: Path) -> None:
    (data_dir / SERVICES_FILE).unlink(missing_ok=True)


def _lock_file(data_dir: Path) -> IO[str]:
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        # A directory is tried by making a file in it: its mode bits do not tell of read-only disks.
        tempfile.TemporaryFile(dir=data_dir).close()
        return open(data_dir / LOCK_FILE, "a+")
    except OSError as error:
        raise StartError(f"DATA_DIR: {data_dir} cannot be written ({error.strerror}).") from error


def _lock(file: IO[str], data_dir: Path) -> None:
    deadline = time.monotonic() + KILLED_RUN_STOPS_WITHIN
    is_waiting = False
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip()
        if _is_alive(holder) or time.monotonic() > deadline:
            raise StartError(
                f"DATA_DIR: {data_dir} is in use by another `make run` (process {holder or 'unknown'}). "
                "Stop that one first, or give this one a DATA_DIR of its own."
            )
        if not is_waiting:
            print("The last run was killed; waiting until what it started has stopped.", flush=True)
            is_waiting = True
        time.sleep(0.2)


def _is_alive(pid: str) -> bool:
    # An empty file belongs to a run that has the lock and is about to write its number.
    if not pid.isdecimal():
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
