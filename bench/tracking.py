"""What a page of the list costs in a ledger of a million exams, beside one of ten thousand.

Anchor: the same request, by the same application, of the ledger of ten thousand. Both hold what `million` makes. The
pages are asked of the WSGI application, without a network; some as an administrator sees them, some as the manager of
one of twenty hospitals. `BENCH_TRACKING` names a folder that keeps the two ledgers for another run.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from flask import g
from flask.testing import FlaskClient

from gecit.core.access import Person, Role
from gecit.core.search import Place
from gecit.edges.doors import Doors
from gecit.edges.store import SqlLedger, open_ledger
from gecit.edges.system_clock import SystemClock
from gecit.web.app import create_app
from gecit.web.tracking.asked import write_place

from .figures import Figure, Goal, compare
from .machine import elsewhere, machine_now
from .million import HELD, fill

SMALL, LARGE = 10_000, int(os.environ.get("BENCH_EXAMS", "1000000"))
SIZES = (min(100_000, LARGE), LARGE)
REPEATS = 15  # of a page in a round; the median counts
GOAL = Goal(most=1.5)
HOSPITAL = "900105"
SIGNED_IN = {"Authorization": "Bearer bench"}
MIDDLE = datetime(2023, 10, 1, tzinfo=UTC)
DEEP = f"after={write_place(Place(listed_at=MIDDLE, institution=HOSPITAL, accession='0'))}".replace("+", "%2B")
PAGES = {
    "first": "",
    "deep": DEEP,
    "held": "outcome=hold",
    "nothing found": "outcome=pending",
    "by rule": "rule=duplicate-query-missing",
    "by modality": "modality=CT",
    "by device": "device=OLC-CT",
    "by device and rule": "device=OLC-MR&rule=duplicate-query-missing",
    "a day": "from=2024-03-05&to=2024-03-05",
}
MANAGER = Person(name="bench", roles=(Role.MANAGER,), institution=HOSPITAL)


def figures(rounds: int, patience: float) -> Iterator[Figure]:
    """Yield a figure for each page, as an administrator and as a manager sees it."""
    with _folder() as folder:
        small = _filled(folder, SMALL)
        for size in dict.fromkeys(SIZES):
            large = _filled(folder, size)
            for who in (None, MANAGER):
                clients = _client(small, who), _client(large, who)
                for name, query in PAGES.items():
                    yield _figure(f"{size:,}: {'own, ' if who else ''}{name}", clients, query, rounds)
            large.close()
        small.close()


def _figure(case: str, clients: tuple[FlaskClient, FlaskClient], query: str, rounds: int) -> Figure:
    small, large = clients
    for client in clients:
        _seconds(client, query, 3)
    taken, others = [], []
    for _ in range(rounds):
        before = machine_now()
        one, value, other = (_seconds(client, query, REPEATS) for client in (small, large, small))
        others.append(elsewhere(before, machine_now(), 0.0))
        taken.append((1000 * value, 1000 * one, 1000 * other))
    anchor = f"the same page of {SMALL:,} exams"
    return compare("tracking", case, "page time", "ms", taken, others, GOAL, anchor)


def _seconds(client: FlaskClient, query: str, repeats: int) -> float:
    """Return the median time of a page."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        answer = client.get(f"/gecit/?{query}", headers=SIGNED_IN)
        times.append(time.perf_counter() - began)
        assert answer.status_code == 200, answer.status_code
    return median(times)


def _client(ledger: SqlLedger, who: Person | None) -> FlaskClient:
    """Build the application; whoever is signed in is taken for `who`."""
    clock = SystemClock()
    doors = Doors(ledger, "bench", clock)
    app = create_app(doors=doors, views=ledger, vitals=ledger, clock=clock, node="bench", ledger=ledger)

    def be() -> None:
        if who is not None:
            g.person = who

    app.before_request(be)
    return app.test_client()


def _filled(folder: Path, count: int) -> SqlLedger:
    path = folder / f"tracking-{count}.db"
    known = path.exists()
    ledger = open_ledger(f"sqlite:///{path}")
    if not known:
        fill(ledger, count, held=min(HELD, count // 4), say=lambda text: print(text, file=sys.stderr))
    return ledger


@contextmanager
def _folder() -> Iterator[Path]:
    kept = os.environ.get("BENCH_TRACKING", "")
    if kept:
        Path(kept).mkdir(parents=True, exist_ok=True)
        yield Path(kept)
        return
    with tempfile.TemporaryDirectory(prefix="gecit-bench-") as made:
        yield Path(made)
