"""`make run`: start everything that Mailer consists of, say when it is ready, and stop it all at the end."""

import http.client
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Any

from mailer.config import PROJECT_DIR, ConfigError, load_settings
from mailer.embedded import checks, data_dir, valkey
from mailer.embedded.errors import StartError
from mailer.embedded.log_watch import LogWatch
from mailer.embedded.ports import free_ports
from mailer.embedded.supervision import LOG_FOLDER, start_supervisor, stop_supervisor, write_supervisor_config

READY_WITHIN = 60.0

# A program that has ended this often before all were ready will not do better at the next try.
ENDS_BEFORE_READY = 3

HINTS = {
    "redis": "If it cannot read its files, move DATA_DIR/redis away: what is to be sent, the database knows as well.",
}

# A server that listens everywhere is asked here.
ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def main() -> int:
    """The exit code: 0 when a person stopped it, 1 with one line on stderr when it could not start."""
    # Letters, addresses and keys are nobody else's to read.
    os.umask(0o077)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # `nohup make run` has asked for hangups to be ignored.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _stop)
    if "MAKELEVEL" in os.environ:
        # A make that was killed cannot tell; its terminal is free again, and nobody would know what still runs.
        threading.Thread(target=_stop_with_make, args=(os.getppid(),), daemon=True).start()
    try:
        settings = load_settings()
        with data_dir.sole_use_of(settings["DATA_DIR"]):
            run(settings)
    except (ConfigError, StartError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


def run(settings: dict[str, Any]) -> None:
    """Serve until KeyboardInterrupt; raises StartError when that cannot begin."""
    check_surroundings(settings)
    folder: Path = settings["DATA_DIR"]
    valkey.end_leftover(folder, data_dir.read_services(folder))
    try:
        data_dir.write_services(folder, prepare_services(settings))
        migrate()
        write_supervisor_config(settings)
        supervise(settings)
    finally:
        data_dir.forget_services(folder)


def check_surroundings(settings: dict[str, Any]) -> None:
    checks.check_port(settings["HOST"], settings["PORT"])
    checks.check_database(settings)
    if not settings["IS_REDIS_EMBEDDED"]:
        checks.check_redis(settings["REDIS_URL"])
    if not settings["IS_OUTBOX_USED"]:
        checks.check_mail_server(settings["MAIL_SERVER"], settings["MAIL_PORT"])


def prepare_services(settings: dict[str, Any]) -> dict[str, Any]:
    """Where the embedded services of this run are to listen: chosen once, so that they can be restarted in place."""
    services: dict[str, Any] = {}
    redis_port, outbox_port = free_ports(2)
    if settings["IS_REDIS_EMBEDDED"]:
        password = secrets.token_urlsafe(32)
        valkey.write_config(settings["DATA_DIR"], redis_port, password)
        services["redis_url"] = valkey.server_url(redis_port, password)
    if settings["IS_OUTBOX_USED"]:
        services["outbox_port"] = outbox_port
    return services


def migrate() -> None:
    """Bring the database's tables up to date, in silence when it succeeds."""
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade"]
    upgrade = subprocess.run(command, cwd=PROJECT_DIR, capture_output=True, text=True)
    if upgrade.returncode != 0:
        words = "\n".join((upgrade.stdout + upgrade.stderr).splitlines()[-15:])
        raise StartError(f"The database could not be brought up to date:\n{words}")


def supervise(settings: dict[str, Any]) -> None:
    """Run the supervisor, again if it is killed, until KeyboardInterrupt."""
    logs = LogWatch(settings["DATA_DIR"] / LOG_FOLDER)
    is_announced = False
    while True:
        supervisor = start_supervisor(settings)
        try:
            if not is_announced:
                wait_until_ready(settings, supervisor, logs)
                say(announcement(settings))
                is_announced = True
            show_news_until_end(supervisor, logs)
        except KeyboardInterrupt:
            say("Stopping: letters in flight are finished first.")
            raise
        finally:
            stop_supervisor(supervisor)
        say("The supervisor has ended unexpectedly; everything is started again.")
        time.sleep(1)


def wait_until_ready(settings: dict[str, Any], supervisor: subprocess.Popen[bytes], logs: LogWatch) -> None:
    """Return when /healthz answers 200; raises StartError, with the words of what failed, when it does not."""
    deadline = time.monotonic() + READY_WITHIN
    while (health := ask_health(settings["HOST"], settings["PORT"])) != "":
        # What goes wrong while others are still starting may right itself; if not, it is told below.
        logs.news()
        failing = [name for name, ends in logs.ends.items() if ends >= ENDS_BEFORE_READY]
        if supervisor.poll() is not None:
            failing = ["supervisord"]
        if failing or time.monotonic() > deadline:
            name = (failing or list(logs.ends) or ["web"])[0]
            words = f"The last words of {name}:\n{logs.tail(name)}"
            raise StartError(f"Mailer could not start: {health}.\n{words}\n{HINTS.get(name, '')}".rstrip())
        time.sleep(0.1)


def ask_health(host: str, port: int) -> str:
    """Nothing when all is well, or else what is wrong."""
    connection = http.client.HTTPConnection(ANY_ADDRESS.get(host, host), port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        body = answer.read().decode(errors="replace").strip()
    except (OSError, http.client.HTTPException) as error:
        return f"the web server does not answer ({error})"
    finally:
        connection.close()
    if answer.status == 200:
        return ""
    # The JSON names what does not answer; the page of an error would say nothing here.
    is_json = answer.getheader("Content-Type") == "application/json"
    return f"/healthz answers {answer.status}" + (f" ({body})" if is_json else "")


def show_news_until_end(supervisor: subprocess.Popen[bytes], logs: LogWatch) -> None:
    while supervisor.poll() is None:
        for line in logs.news():
            say(line)
        time.sleep(0.5)


def announcement(settings: dict[str, Any]) -> str:
    """The last lines that a newcomer reads before opening the browser."""
    url = settings["BASE_URL"]
    if settings["IS_OUTBOX_USED"]:
        mail = f"Mail is caught and shown at {url}/outbox/; none of it leaves this machine."
    else:
        mail = f"Mail goes out through {settings['MAIL_SERVER']}:{settings['MAIL_PORT']}."
        if not url.startswith("https://") and not settings["ALLOW_HTTP_LINKS"]:
            mail += (
                "\nWarning: no mailing can start. Links to unsubscribe must be https: set BASE_URL to the https "
                "address of this installation, or ALLOW_HTTP_LINKS=1."
            )
    return (
        f"Mailer is running at {url}\n{mail}\n"
        "Next: open it and register; the first account is the administrator. Ctrl-C stops everything."
    )


def say(text: str) -> None:
    """Print, unless nobody listens any more: the terminal was closed, or what the output was piped into has ended."""
    try:
        print(text, flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _stop(_number: int, _frame: FrameType | None) -> None:
    # Once is enough: what follows is the orderly end, which a second Ctrl-C must not cut short.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _stop_with_make(make: int) -> None:
    while os.getppid() == make:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)
