"""What every test may use. The fixtures live in tests/support, one subject a module."""

import pytest

pytest_plugins = (
    "tests.support.databases",
    "tests.support.redis_server",
    "tests.support.smtp_server_fixtures",
    "tests.support.application",
    "tests.support.cast",
    "tests.support.processes",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=("sqlite", "postgresql"),
        default="sqlite",
        help="the database that the tests run on (default: sqlite)",
    )
