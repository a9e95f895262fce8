import shutil
import subprocess
import sys

import pytest

from mailer.embedded import guard

# A process that leads a session, and a child of it in a process group of its own, as RQ's work-horses are. Both say
# when they are there.
FAMILY = """
import os, signal, sys, time
child = os.fork()
if child == 0:
    os.setpgrp()
    if sys.argv[1] == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.write(1, b"there\\n")
time.sleep(60)
"""


@pytest.fixture
def family(request):
    process = subprocess.Popen(
        [sys.executable, "-c", FAMILY, request.param], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    for _ in range(2):
        assert process.stdout.readline() == "there\n"
    yield process
    guard.end_session(process.pid, grace_seconds=0)
    process.wait()
    process.stdout.close()


@pytest.mark.parametrize("family", ["polite", "stubborn"], indirect=True)
def test_a_whole_session_is_ended(family):
    assert len(guard.session_members(family.pid)) == 2
    guard.end_session(family.pid, grace_seconds=0.5)
    assert guard.session_members(family.pid) == set()


@pytest.mark.parametrize("family", ["polite"], indirect=True)
def test_an_orphan_is_ended_after_its_parent_was_killed(family):
    family.kill()
    family.wait()
    assert len(guard.session_members(family.pid)) == 1
    guard.end_session(family.pid)
    assert guard.session_members(family.pid) == set()


@pytest.mark.skipif(shutil.which("ps") is None, reason="only macOS needs ps, and has it")
@pytest.mark.parametrize("family", ["polite"], indirect=True)
def test_without_proc_the_members_are_found_by_ps(family):
    assert len(guard._members_by_ps(family.pid)) == 2
