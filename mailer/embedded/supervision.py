"""supervisord, which starts, restarts and stops in order all that `make run` consists of."""

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from mailer.config import PROJECT_DIR
from mailer.embedded import guard, valkey
from mailer.embedded.data_dir import LOCK_FILE, write_private_file

SUPERVISORD = Path(__file__).with_name("attentive_supervisord.py")
CONFIG_FILE = "supervisord.conf"
LOG_FOLDER = "logs"

# Longer than the stop waits of the programs below together.
STOPS_WITHIN = 60.0

# The config's own syntax has no way to write just any path, such as one with " #" or "%" in it: paths come from the
# environment, or are relative to DATA_DIR, where supervisord runs.
HEAD = """\
[supervisord]
nodaemon = true
silent = true
umask = 077
logfile = logs/supervisord.log
logfile_maxbytes = 5MB
logfile_backups = 3
pidfile = supervisord.pid
"""

PROGRAM = """
[program:{name}]
command = {command}
directory = %(ENV_MAILER_PROJECT_DIR)s
priority = {priority}
autorestart = true
startsecs = 1
startretries = 1000000
stopwaitsecs = {stop_seconds}
redirect_stderr = true
stdout_logfile = logs/{name}.log
stdout_logfile_maxbytes = 5MB
stdout_logfile_backups = 3
"""

# The supervisor starts by rising priority and stops by falling priority, one after the other. A group is stopped at
# once: scheduler and workers go first, while Redis, the outbox and the database are still there for them.
DELIVERY_GROUP = """
[group:delivery]
programs = {programs}
priority = 40
"""

PYTHON = '"%(ENV_MAILER_PYTHON)s"'


def write_supervisor_config(settings: dict[str, Any]) -> None:
    """Write down which programs run, for supervisord and for the curious."""
    folder: Path = settings["DATA_DIR"]
    (folder / LOG_FOLDER).mkdir(exist_ok=True)
    sections = [HEAD]
    if os.geteuid() == 0:
        # Otherwise supervisord complains that it keeps root's rights without having been told to.
        sections.append("user = root\n")
    sections += [_program("guard", f'{PYTHON} "%(ENV_MAILER_GUARD)s" "%(ENV_MAILER_LOCK)s"', 1, stop_seconds=20)]
    if settings["IS_REDIS_EMBEDDED"]:
        sections += [_program("redis", '"%(ENV_MAILER_REDIS)s" "%(ENV_MAILER_REDIS_CONFIG)s"', 10, stop_seconds=10)]
    if settings["IS_OUTBOX_USED"]:
        sections += [_program("outbox", f"{PYTHON} -m mailer.embedded.outbox_server", 20)]
    sections += [_program("web", f"{PYTHON} -m gunicorn {_gunicorn_options(settings)} wsgi:app", 30, stop_seconds=8)]
    sections += _delivery(settings["WORKERS"])
    write_private_file(folder / CONFIG_FILE, "".join(sections))


def start_supervisor(settings: dict[str, Any]) -> subprocess.Popen[bytes]:
    """Start supervisord as the leader of a session of its own, which keys pressed in the terminal do not reach."""
    folder: Path = settings["DATA_DIR"]
    environment = os.environ | {
        "MAILER_PROJECT_DIR": str(PROJECT_DIR),
        "MAILER_PYTHON": sys.executable,
        "MAILER_GUARD": guard.__file__,
        "MAILER_LOCK": str(folder / LOCK_FILE),
        "PYTHONUNBUFFERED": "1",
        # macOS ends a forked process that uses Apple's libraries, such as a work-horse of RQ, unless told not to.
        "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES",
    }
    if settings["IS_REDIS_EMBEDDED"]:
        environment["MAILER_REDIS"] = str(valkey.find_server())
        environment["MAILER_REDIS_CONFIG"] = str(valkey.config_path(folder))
    return subprocess.Popen(
        # With -P nothing beside the file is taken for a module of the same name.
        [sys.executable, "-P", str(SUPERVISORD), "-c", CONFIG_FILE],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


def stop_supervisor(supervisor: subprocess.Popen[bytes]) -> None:
    """Stop the programs in order, and then end what is left of the session, such as an orphaned work-horse."""
    supervisor.terminate()
    try:
        supervisor.wait(STOPS_WITHIN)
    except subprocess.TimeoutExpired:
        pass
    guard.end_session(supervisor.pid)
    supervisor.wait()


def _gunicorn_options(settings: dict[str, Any]) -> str:
    host = settings["HOST"]
    address = f"[{host}]:{settings['PORT']}" if ":" in host else f"{host}:{settings['PORT']}"
    options = [
        f"--bind={address}",
        "--worker-class=gthread",
        "--workers=2",
        "--threads=8",
        "--graceful-timeout=5",
        # A file in the home folder would be shared by all installations of a user.
        "--no-control-socket",
        # Which proxies are believed is the application's to decide (TRUSTED_PROXIES).
        "--forwarded-allow-ips=",
    ]
    return shlex.join(options)


def _delivery(workers: int) -> list[str]:
    names = [f"worker-{number}" for number in range(1, workers + 1)]
    # A worker has ten seconds for the letters in flight.
    sections = [_program(name, f"{PYTHON} -m flask --app wsgi worker", 40, stop_seconds=12) for name in names]
    sections += [_program("scheduler", f"{PYTHON} -m flask --app wsgi scheduler", 40)]
    return [*sections, DELIVERY_GROUP.format(programs=",".join([*names, "scheduler"]))]


def _program(name: str, command: str, priority: int, *, stop_seconds: int = 5) -> str:
    return PROGRAM.format(name=name, command=command, priority=priority, stop_seconds=stop_seconds)
