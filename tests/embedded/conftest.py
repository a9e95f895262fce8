from pathlib import Path

import pytest

from tests.support.ports import free_port


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A folder whose name would break a config file that does not quote it."""
    folder = tmp_path / 'data "of" 100% #1'
    folder.mkdir()
    return folder


@pytest.fixture
def closed_port() -> int:
    """A port of this machine where nobody listens."""
    return free_port()
