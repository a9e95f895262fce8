"""How long requests take, counted in each process and passed on to Redis now and then."""

import threading
import time
from collections import Counter

from flask import Flask, current_app, g, request
from flask.wrappers import Response

from mailer.delivery.bell import NO_REDIS
from mailer.delivery.queues import redis_connection
from mailer.delivery.tallies import REQUEST_BOUNDS, REQUESTS, RESPONSES, Teller, Times

TELL_SECONDS = 5


class RequestTimes:
    """The requests of one process, by the part of the product that answered, and the answers by their kind."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._times: dict[str, Times] = {}
        self._responses: Counter[str] = Counter()
        self._turn = threading.Lock()
        self._is_telling = False
        self._teller = Teller()

    def observe(self, part: str, seconds: float, status: int) -> None:
        """Count one request. What is counted is passed on a few seconds later, by a thread of its own."""
        with self._turn:
            times = self._times.setdefault(part, Times(f"{REQUESTS}|{part}", REQUEST_BOUNDS))
            times.observe(seconds)
            self._responses[f"{RESPONSES}|{status // 100}xx"] += 1
            if self._is_telling:
                return
            self._is_telling = True
        timer = threading.Timer(TELL_SECONDS, self.tell)
        timer.daemon = True
        timer.start()

    def tell(self) -> None:
        """Pass on what has been counted; what comes meanwhile is for the next time."""
        with self._turn:
            self._is_telling = False
            tallies: dict[str, float] = dict(self._responses)
            for times in self._times.values():
                tallies |= times.tallies()
        try:
            with self._app.app_context():
                self._teller.tell(redis_connection(), tallies)
        except NO_REDIS:
            # Without an address of Redis nothing is passed on.
            return


def time_requests(app: Flask) -> None:
    """Count the requests of this process, where somebody may ask for the figures."""
    if not app.config["METRICS_TOKEN"]:
        return
    app.extensions["request_times"] = RequestTimes(app)

    @app.before_request
    def note_beginning() -> None:
        g.began_at = time.perf_counter()

    @app.after_request
    def note_end(response: Response) -> Response:
        if "began_at" in g:
            seconds = time.perf_counter() - g.began_at
            request_times().observe(request.blueprint or request.endpoint or "none", seconds, response.status_code)
        return response


def request_times() -> RequestTimes:
    """Those of this process; only where METRICS_TOKEN is set."""
    times: RequestTimes = current_app.extensions["request_times"]
    return times
