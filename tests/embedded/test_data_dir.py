import os
import subprocess
import sys

import pytest

from mailer.config import PROJECT_DIR, load_settings
from mailer.embedded import data_dir as data_dir_module
from mailer.embedded.data_dir import forget_services, read_services, sole_use_of, write_services
from mailer.embedded.errors import StartError

HOLD = """
import sys, time
from pathlib import Path
from mailer.embedded.data_dir import sole_use_of
with sole_use_of(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(data_dir):
    """Another process that has the folder for itself."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, data_dir], cwd=PROJECT_DIR, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_run_is_refused_and_told_of_the_first(data_dir, holder):
    with pytest.raises(StartError) as refused, sole_use_of(data_dir):
        pass
    assert f"DATA_DIR: {data_dir} is in use by another `make run` (process {holder.pid})" in str(refused.value)


def test_a_folder_is_free_again_when_its_run_was_killed(data_dir, holder):
    holder.kill()
    holder.wait()
    with sole_use_of(data_dir):
        pass


def test_a_run_waits_while_a_killed_one_is_being_stopped(data_dir, holder, monkeypatch, capsys):
    # The guard holds the lock then, and the file still names the process that was killed.
    (data_dir / "run.lock").write_text("4000000000")
    monkeypatch.setattr(data_dir_module, "KILLED_RUN_STOPS_WITHIN", 0.5)
    monkeypatch.setattr(data_dir_module.os, "kill", no_such_process)
    with pytest.raises(StartError), sole_use_of(data_dir):
        pass
    assert "waiting until what it started has stopped" in capsys.readouterr().out


def no_such_process(pid, number):
    raise ProcessLookupError


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    folder = tmp_path / "file" / "data"
    with pytest.raises(StartError, match="DATA_DIR: .*file/data cannot be written"), sole_use_of(folder):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_named(data_dir):
    data_dir.chmod(0o500)
    with pytest.raises(StartError, match="cannot be written"), sole_use_of(data_dir):
        pass


def test_services_are_for_their_owner_only_and_found_by_every_process(data_dir):
    write_services(data_dir, {"redis_url": "redis://:secret@127.0.0.1:20000/0", "outbox_port": 20_001})
    assert (data_dir / "services.json").stat().st_mode & 0o777 == 0o600
    settings = load_settings({"DATA_DIR": str(data_dir)})
    assert settings["REDIS_URL"] == "redis://:secret@127.0.0.1:20000/0"
    assert settings["MAIL_PORT"] == 20_001


def test_services_are_forgotten(data_dir):
    write_services(data_dir, {"outbox_port": 20_001})
    forget_services(data_dir)
    forget_services(data_dir)
    assert read_services(data_dir) == {}
    assert os.listdir(data_dir) == []
