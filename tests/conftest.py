"""What every test may use. The fixtures live in tests/support, one subject a module."""

import pytest

pytest_plugins = (
    "tests.support.databases",
    "tests.support.redis_server",
    "tests.support.smtp_server_fixtures",
    "tests.support.application",
    "tests.support.cast",
    "tests.support.warm_python",
    "tests.support.processes",
    "tests.support.real_browser",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=("sqlite", "postgresql"),
        default="sqlite",
        help="the database that the tests run on (default: sqlite)",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "one_database(why): runs on SQLite only, because another database adds nothing")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What touches no database runs once, with the suite on SQLite, and not again with the one on PostgreSQL."""
    if config.getoption("--database") == "sqlite":
        return
    again = [item for item in items if is_about_the_database(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in again])
    items[:] = again


def is_about_the_database(item: pytest.Item) -> bool:
    fixtures = getattr(item, "fixturenames", ())
    return "database_kind" in fixtures and item.get_closest_marker("one_database") is None
