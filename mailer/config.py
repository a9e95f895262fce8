"""The settings: read once from the environment and `.env`, checked, and handed to every process alike."""

import json
import os
import re
import secrets
import tempfile
from collections.abc import Mapping
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import idna
from dotenv import dotenv_values
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

PROJECT_DIR = Path(__file__).resolve().parent.parent

# The embedded services write here where they listen, so that commands in another terminal find them.
SERVICES_FILE = "services.json"

# A lane's connection waits for its database however long that takes, so a host that is gone must be noticed: it has
# not answered for a minute.
KEEPALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 60_000}

# With its link, a line of a letter's head stays within what mail servers take (RFC 5322, 2.1.1).
LONGEST_URL = 350

MAX_BODY_BYTES = 10 * 1024 * 1024
# Some 200,000 clients; what is uploaded is kept in the database until it is worked through.
MAX_IMPORT_BYTES = 20 * 1024 * 1024


class ConfigError(Exception):
    """A setting that cannot be used; the text is one line, names the setting, and says what would be right."""


def load_settings(environ: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The Flask configuration made of the environment, with `.env` behind it.

    Raises ConfigError, whose text is meant for a person, when a setting cannot be used.
    """
    given = {name: value for name, value in dotenv_values(PROJECT_DIR / ".env").items() if value is not None}
    given.update(os.environ if environ is None else environ)
    data_dir = Path(given.get("DATA_DIR") or "instance")
    if not data_dir.is_absolute():
        data_dir = PROJECT_DIR / data_dir
    settings: dict[str, Any] = {
        "DATA_DIR": data_dir,
        "HOST": given.get("HOST") or "127.0.0.1",
        "PORT": _number(given, "PORT", 5000, lowest=1, highest=65535),
        "WORKERS": _number(given, "WORKERS", 2, lowest=1, highest=1000),
        "SECRET_KEY": given.get("SECRET_KEY") or secret_key(data_dir),
        "IS_SECRET_KEY_GIVEN": bool(given.get("SECRET_KEY")),
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_HTTPONLY": True,
        "REMEMBER_COOKIE_SAMESITE": "Lax",
        "TRUSTED_PROXIES": _number(given, "TRUSTED_PROXIES", 0, lowest=0, highest=10),
        "REGISTRATION": _choice(given, "REGISTRATION", ("open", "closed")),
        "REQUIRE_CONFIRMED_EMAIL": _choice(given, "REQUIRE_CONFIRMED_EMAIL", ("0", "1")) == "1",
        "MAIL_CONNECTIONS": _number(given, "MAIL_CONNECTIONS", 10, lowest=1, highest=1000),
        "MAIL_TIMEOUT": _number(given, "MAIL_TIMEOUT", 60, lowest=1, highest=3600),
        "MAIL_DOT_TIMEOUT": _number(given, "MAIL_DOT_TIMEOUT", 600, lowest=1, highest=3600),
        "MAIL_LIMITS": _limits(given.get("MAIL_LIMITS") or ""),
        "METRICS_TOKEN": (given.get("METRICS_TOKEN") or "").strip(),
        "RETRY_DELAY": _number(given, "RETRY_DELAY", 300, lowest=1, highest=86400),
        "FORBIDDEN_WORDS": [word.strip() for word in given.get("FORBIDDEN_WORDS", "").split(",") if word.strip()],
        # A form may hold one message. Its encoding makes three bytes of each byte that is not ASCII, and a body
        # somewhat too large shall be refused at its field.
        "MAX_CONTENT_LENGTH": 4 * MAX_BODY_BYTES,
        "MAX_FORM_MEMORY_SIZE": 4 * MAX_BODY_BYTES,
        "WTF_CSRF_TIME_LIMIT": None,
        "BABEL_TRANSLATION_DIRECTORIES": "translations",
    }
    host = f"[{settings['HOST']}]" if ":" in settings["HOST"] else settings["HOST"]
    settings["BASE_URL"] = base_url(given.get("BASE_URL") or f"http://{host}:{settings['PORT']}")
    settings["IS_BASE_URL_GIVEN"] = bool(given.get("BASE_URL"))
    settings["ALLOW_HTTP_LINKS"] = given.get("ALLOW_HTTP_LINKS") in TRUE_WORDS
    settings["SESSION_COOKIE_SECURE"] = settings["BASE_URL"].startswith("https://")
    settings["REMEMBER_COOKIE_SECURE"] = settings["SESSION_COOKIE_SECURE"]
    services = _running_services(data_dir)
    settings["REDIS_URL"] = redis_url(given.get("REDIS_URL")) or services.get("redis_url")
    settings["IS_REDIS_EMBEDDED"] = not given.get("REDIS_URL")
    settings.update(_database(given, data_dir))
    settings.update(_mail(given, services))
    return settings


def base_url(text: str) -> str:
    """The address as links carry it: its host in ASCII (RFC 5890), without a slash at the end. Raises ConfigError."""
    scheme, separator, rest = text.strip().rstrip("/").partition("://")
    authority, slash, path = rest.partition("/")
    host, colon, port = authority.partition(":") if not authority.startswith("[") else (authority, "", "")
    try:
        host = host if host.isascii() else idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError:
        host = ""
    url = f"{scheme.lower()}{separator}{host}{colon}{port}{slash}{path}"
    if not re.fullmatch(r"https?://[^/\s<>?#@\"]+(/[^\s<>?#\"]*)?", url) or not url.isascii() or len(url) > LONGEST_URL:
        raise ConfigError(f"BASE_URL: {text!r} is not an address such as https://mailer.example.org.")
    return url


def secret_key(data_dir: Path) -> str:
    """The key kept in DATA_DIR, made at the first call; processes that start together agree on one."""
    path = data_dir / "secret-key"
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        pass
    except OSError as error:
        raise ConfigError(f"DATA_DIR: {path} cannot be read ({error.strerror}).") from error
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        descriptor, fresh = tempfile.mkstemp(dir=data_dir, prefix=".secret-key-")
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
        try:
            # A link fails when the name is taken, so only one of many processes wins and all read the same key.
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            os.unlink(fresh)
    except OSError as error:
        raise ConfigError(f"DATA_DIR: {data_dir} cannot be written ({error.strerror}).") from error
    return path.read_text().strip()


def _number(given: Mapping[str, str], name: str, default: int, *, lowest: int, highest: int) -> int:
    text = given.get(name) or str(default)
    if not text.isascii() or not text.isdecimal() or not lowest <= int(text) <= highest:
        raise ConfigError(f"{name}: {text!r} is not a whole number from {lowest} to {highest}.")
    return int(text)


LIMIT = re.compile(r"([1-9]\d{0,8})\s*/\s*(minute|hour|day)")
LIMIT_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}


def _limits(text: str) -> tuple[tuple[int, int], ...]:
    """The limits as (letters, seconds), the shortest first; none where nothing is given."""
    limits: dict[int, int] = {}
    for part in text.split(",") if text.strip() else ():
        found = LIMIT.fullmatch(part.strip())
        if found is None or LIMIT_SECONDS[found[2]] in limits:
            raise ConfigError(
                f"MAIL_LIMITS: {text!r} is no list of limits. Give at most one number each for a minute, an hour and "
                "a day, as in \"30/minute, 500/day\"."
            )
        limits[LIMIT_SECONDS[found[2]]] = int(found[1])
    return tuple((letters, seconds) for seconds, letters in sorted(limits.items()))


def _choice(given: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    text = given.get(name) or choices[0]
    if text not in choices:
        raise ConfigError(f"{name}: {text!r} is none of {', '.join(choices)}.")
    return text


def redis_url(text: str | None) -> str | None:
    """The URL of Redis. Raises ConfigError, without the value: whatever is wrong may be a part of its password."""
    if not text:
        return None
    try:
        parts = urlsplit(text)
        is_server = parts.scheme in ("redis", "rediss") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_server = False
    else:
        is_server = is_server or (parts.scheme == "unix" and bool(parts.path))
    # What follows a # would be cut off without a word.
    if not is_server or "#" in text:
        raise ConfigError(
            "REDIS_URL: it is not understood. Write redis://[:password@]host:port/number, and in a password "
            "%2F for /, %23 for #, %3A for : and %40 for @."
        )
    return text


def _running_services(data_dir: Path) -> dict[str, Any]:
    try:
        services: dict[str, Any] = json.loads((data_dir / SERVICES_FILE).read_text())
    except (OSError, ValueError):
        return {}
    return services


def _database(given: Mapping[str, str], data_dir: Path) -> dict[str, Any]:
    url = given.get("DATABASE_URL") or f"sqlite:///{data_dir / 'mailer.sqlite'}"
    # Both spellings mean PostgreSQL; the driver is always psycopg 3.
    url = re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url)
    if url.startswith("sqlite:"):
        options: dict[str, Any] = {"connect_args": {"timeout": 30}}
    elif url.startswith("postgresql+psycopg:"):
        # A restarted server leaves dead connections in the pool: each is asked before it is used.
        options = {"pool_pre_ping": True, "connect_args": {"connect_timeout": 5, **KEEPALIVE}}
    else:
        raise ConfigError("DATABASE_URL: only sqlite:/// and postgresql:// are known.")
    try:
        make_url(url)
    except (ArgumentError, ValueError):
        # Without the value, and without the error that tells a part of it: that may be a part of the password.
        raise ConfigError(
            "DATABASE_URL: it is not understood. Write postgresql://user:password@host:port/name, and in a password "
            "%2F for /, %23 for #, %3A for : and %40 for @."
        ) from None
    return {"SQLALCHEMY_DATABASE_URI": url, "SQLALCHEMY_ENGINE_OPTIONS": options}


def _mail(given: Mapping[str, str], services: Mapping[str, Any]) -> dict[str, Any]:
    server = given.get("MAIL_SERVER")
    if not server:
        return {
            "IS_OUTBOX_USED": True,
            "MAIL_SERVER": "127.0.0.1",
            "MAIL_PORT": int(services.get("outbox_port", 0)),
            "MAIL_USERNAME": None,
            "MAIL_PASSWORD": None,
            "MAIL_USE_TLS": False,
            "MAIL_USE_SSL": False,
            "MAIL_DEFAULT_SENDER": _sender(given.get("MAIL_DEFAULT_SENDER") or "Mailer <mailer@outbox.example>"),
        }
    use_tls, use_ssl = given.get("MAIL_USE_TLS") in TRUE_WORDS, given.get("MAIL_USE_SSL") in TRUE_WORDS
    if use_tls and use_ssl:
        raise ConfigError("MAIL_USE_TLS and MAIL_USE_SSL: choose one of them (TLS for port 587, SSL for port 465).")
    return {
        "IS_OUTBOX_USED": False,
        "MAIL_SERVER": server,
        "MAIL_PORT": _number(given, "MAIL_PORT", 465 if use_ssl else 587 if use_tls else 25, lowest=1, highest=65535),
        "MAIL_USERNAME": given.get("MAIL_USERNAME") or None,
        "MAIL_PASSWORD": given.get("MAIL_PASSWORD") or None,
        "MAIL_USE_TLS": use_tls,
        "MAIL_USE_SSL": use_ssl,
        "MAIL_DEFAULT_SENDER": _sender(given.get("MAIL_DEFAULT_SENDER") or given.get("MAIL_USERNAME") or ""),
    }


TRUE_WORDS = ("1", "true", "True", "yes", "on")


def _sender(text: str) -> tuple[str, str]:
    name, address = parseaddr(text)
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", address):
        raise ConfigError(
            "MAIL_DEFAULT_SENDER: give the address that mailings come from, as in \"Corner Shop <shop@example.org>\"."
        )
    return name, address
