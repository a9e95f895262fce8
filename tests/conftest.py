"""What every test may use. The fixtures live in tests/support, one subject a module."""

import gc

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = (
    "tests.support.databases",
    "tests.support.redis_server",
    "tests.support.smtp_server_fixtures",
    "tests.support.application",
    "tests.support.cast",
    "tests.support.warm_python",
    "tests.support.processes",
    "tests.support.real_browser",
    "tests.support.distribution",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=("sqlite", "postgresql"),
        action="append",
        help="a database that the tests run on; both may be given (default: sqlite)",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "one_database(why): runs on SQLite only, because another database adds nothing")
    # How long an example takes is the machine's affair, and its fixtures may serve the next one too.
    settings.register_profile(
        "mailer", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
    )
    settings.load_profile("mailer")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """With both databases a test runs on each; what the database adds nothing to runs once, on SQLite."""
    kinds = databases_of(metafunc.config)
    if len(kinds) > 1 and is_about_the_database(metafunc.definition):
        metafunc.parametrize("database_kind", kinds)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With PostgreSQL alone there is nothing else than what the database adds something to."""
    if databases_of(config) != ["postgresql"]:
        return
    again = [item for item in items if is_about_the_database(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in again])
    items[:] = again


def pytest_collection_finish() -> None:
    """All that has been imported stays, so the collector need not look through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def databases_of(config: pytest.Config) -> list[str]:
    """The databases to run on, SQLite first."""
    return sorted(set(config.getoption("--database") or ["sqlite"]), reverse=True)


def is_about_the_database(item: pytest.Item) -> bool:
    fixtures = getattr(item, "fixturenames", ())
    return "database_kind" in fixtures and item.get_closest_marker("one_database") is None
