"""Turns: how many requests of one program are answered at once, so that it leaves room for everybody else."""

from __future__ import annotations

import threading
from collections import Counter

from flask import Flask, Response, g

from gecit.edges.doors import How

from .problem import refuse
from .sender import admission

AT_ONCE = 4
"""Of one account's tokens and passwords; half of what the web process answers at once (`processes.web.THREADS`)."""
LATER_SECONDS = "1"


class Turns:
    """Counts requests under way by account; browsers are left alone, whose pages load many parts."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._at_once = at_once
        self._lock = threading.Lock()
        self._now: Counter[str] = Counter()

    def attach(self, app: Flask) -> None:
        """Ask before each request, after the guard; give the turn back whatever becomes of it."""
        app.before_request(self._take)
        app.teardown_request(self._give_back)

    def _take(self) -> Response | None:
        found = admission()
        if found.how not in (How.TOKEN, How.PASSWORD):
            return None
        with self._lock:
            if self._now[found.who] < self._at_once:
                self._now[found.who] += 1
                g.turn = found.who
                return None
        response = refuse("too-many-at-once")
        response.headers["Retry-After"] = LATER_SECONDS
        return response

    def _give_back(self, fault: BaseException | None) -> None:
        whose = g.pop("turn", None)
        if whose is None:
            return
        with self._lock:
            self._now[whose] -= 1
            if self._now[whose] <= 0:
                del self._now[whose]
