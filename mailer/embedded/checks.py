"""What is looked at before `make run` starts anything: each raises StartError with one line that says what to do."""

import errno
import socket
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from mailer.embedded.errors import StartError

ANSWERS_WITHIN = 5.0


def check_port(host: str, port: int) -> None:
    """Refuse an address that the web server could not listen at."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        socket.create_server(address, family=family).close()
    except OSError as error:
        raise StartError(_why_not_listening(host, port, error)) from error


def check_database(settings: dict[str, Any]) -> None:
    """Refuse a database that cannot be connected to."""
    url = make_url(settings["SQLALCHEMY_DATABASE_URI"])
    place = url.database if url.host is None else f"{url.host}:{url.port or 5432}/{url.database}"
    engine = create_engine(url, **settings["SQLALCHEMY_ENGINE_OPTIONS"])
    try:
        engine.connect().close()
    except SQLAlchemyError as error:
        reason = _first_line(getattr(error, "orig", None) or error)
        raise StartError(f"DATABASE_URL: {place} cannot be used ({reason}). Start it, or correct the URL.") from error
    finally:
        engine.dispose()


def check_redis(url: str) -> None:
    """Refuse a Redis that does not answer, or does not let us in."""
    try:
        with Redis.from_url(url, socket_connect_timeout=ANSWERS_WITHIN, socket_timeout=ANSWERS_WITHIN) as server:
            place = _place(server)
            try:
                server.ping()
            except (RedisError, OSError) as error:
                raise StartError(
                    f"REDIS_URL: {place} does not answer ({_redis_reason(error)}). "
                    "Start it, correct the URL, or leave REDIS_URL unset to use the embedded one."
                ) from error
    except ValueError as error:
        # The error's own words may quote the URL, and with it a password.
        raise StartError("REDIS_URL: it is not understood; write redis://[:password@]host:port/number.") from error


def check_mail_server(host: str, port: int) -> None:
    """Refuse a mail server that takes no connection: better now than after a mailing was scheduled."""
    try:
        socket.create_connection((host, port), timeout=ANSWERS_WITHIN).close()
    except OSError as error:
        raise StartError(
            f"MAIL_SERVER: {host}:{port} does not answer ({_reason(error)}). "
            "Correct MAIL_SERVER and MAIL_PORT, or leave MAIL_SERVER unset to catch all mail in the outbox."
        ) from error


def _why_not_listening(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"PORT: {host}:{port} is taken by another program. Choose another: PORT={port + 1} make run"
    if error.errno == errno.EACCES:
        return f"PORT: only root may listen at port {port}. Choose one from 1024 on: PORT=8000 make run"
    return f"HOST: {host} is no address of this machine ({_reason(error)})."


def _place(server: Redis) -> str:
    options = server.connection_pool.connection_kwargs
    return str(options.get("path") or f"{options.get('host', 'localhost')}:{options.get('port', 6379)}")


def _redis_reason(error: BaseException) -> str:
    cause = error.__cause__ or error.__context__
    return _reason(cause) if isinstance(cause, OSError) else _first_line(error)


def _reason(error: OSError) -> str:
    return "no answer within 5 seconds" if isinstance(error, TimeoutError) else error.strerror or str(error)


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
