"""The product's own commands as another host would run them:

    python -m tests.chaos.product worker

The environment says what is different there: CHAOS_HOST is the host's name, CHAOS_CLOCK how many seconds its
clock is ahead, CHAOS_BEAT and CHAOS_LEASE the seconds between two heartbeats and those after which a silent lane
is dead. The last two are no settings of the product on purpose: a sweeper with less patience than the others' lanes
expect would end healthy ones.
"""

import os
import socket
import sys
from datetime import UTC, datetime, timedelta

import time_machine
from flask.cli import main

from mailer.delivery import lease, sweep


def pretend() -> None:
    if host := os.environ.get("CHAOS_HOST"):
        socket.gethostname = lambda: host
    if beat := os.environ.get("CHAOS_BEAT"):
        lease.HEARTBEAT_SECONDS = float(beat)
        sweep.BREATH_SECONDS = 2 * float(beat)
    if patience := os.environ.get("CHAOS_LEASE"):
        sweep.DEAD_AFTER = timedelta(seconds=float(patience))
    if ahead := os.environ.get("CHAOS_CLOCK"):
        time_machine.travel(datetime.now(UTC) + timedelta(seconds=float(ahead)), tick=True).start()


if __name__ == "__main__":
    pretend()
    sys.argv = ["flask", "--app", "wsgi", *sys.argv[1:]]
    main()
