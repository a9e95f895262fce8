"""What the engines of a run have in common, of which each test makes one of its own."""

from typing import Any

from sqlalchemy import URL, Engine, Pool, event

# The name under which PostgreSQL knows the connections that outlive their test.
KEPT = "kept for the next test"

_first_engines: dict[str, Engine] = {}
_kept: dict[URL, Pool] = {}


def join(engine: Engine) -> None:
    """SQL is compiled once for all engines, and PostgreSQL is not asked for a new process for each of them."""
    if engine.dialect.name == "sqlite":
        # Nothing in a test's own process has to survive a power cut.
        event.listen(engine, "connect", lambda connection, _record: connection.execute("PRAGMA synchronous = OFF"))
    first = _first_engines.get(engine.dialect.name)
    if first is not None:
        engine.dialect, engine._compiled_cache = first.dialect, first._compiled_cache
        engine.pool = _kept.pop(engine.url, engine.pool)
        return

    def share(*_connection: object) -> None:
        # From here on: the first connection tells the dialect which server it speaks to.
        _first_engines.setdefault(engine.dialect.name, engine)

    event.listen(engine, "connect", share)
    event.listen(engine, "do_connect", _name)


def leave(engine: Engine) -> None:
    """A server's process that has planned statements once does it faster for the next test on its database."""
    if engine.dialect.name == "postgresql" and engine.pool.checkedout() == 0:  # type: ignore[attr-defined]
        _kept[engine.url] = engine.pool
    else:
        engine.dispose()


def _name(dialect: Any, _record: object, _words: list[Any], options: dict[str, Any]) -> None:
    if dialect.name == "postgresql":
        options["application_name"] = KEPT
