"""What the audit costs: a row on disk before the answer leaves, and what an order waits for it. SQLite, as shipped.

`row`: milliseconds until an entry is durable, one after the other, and with eight who wait at once; the anchor commits
the same rows one by one. `order`: the 95th percentile of an order's transaction while another process audits fifty
views a second, beside the same orders with nobody auditing.
"""

from __future__ import annotations

import multiprocessing
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from multiprocessing.synchronize import Event
from pathlib import Path
from statistics import quantiles

from gecit.core.audit import AuditEntry
from gecit.core.audit_chain import AuditRow, linked
from gecit.core.events import OrderPlaced
from gecit.core.order import Control, ExamKey, Order, Patient, Procedure
from gecit.edges.audit_book import AuditBook
from gecit.edges.store import SqlLedger, open_ledger
from gecit.edges.system_clock import SystemClock

from .figures import Figure, compare
from .machine import elsewhere, machine_now, wait_quiet

ROWS = 400
ORDERS = 400
ORDER_REST = 0.01  # seconds between two orders: a hundred a second
AUDIT_REST = 0.02  # seconds between two views that another process audits
WAITING = 8
QUIET = 0.06


def figures(rounds: int = 5, patience: float = 30.0, rows: int = ROWS, orders: int = ORDERS) -> Iterator[Figure]:
    """Measure and yield each figure."""
    cases: tuple[tuple[str, str, Callable[[Path], float], Callable[[Path], float]], ...] = (
        ("row-one-by-one", "a bare insert", lambda at: _booked(at, rows, 1), lambda at: _inserted(at, rows)),
        ("row-eight-at-once", "a bare insert", lambda at: _booked(at, rows, WAITING), lambda at: _inserted(at, rows)),
        ("order-p95", "nobody audits", lambda at: _orders_beside(at, orders), lambda at: _orders(at, orders)),
    )
    for name, anchor_is, ours, anchor in cases:
        found, busy = [], []
        for _ in range(rounds):
            wait_quiet(QUIET, patience)
            machine = machine_now()
            one, value, other = (_in_folder(run) for run in (anchor, ours, anchor))
            found.append((value, one, other))
            busy.append(elsewhere(machine, machine_now(), 0.0))
            sys.stderr.write(f"  {name}: {value:.2f} ms, anchor {one:.2f} and {other:.2f} ms\n")
        yield compare("audit", name, "wait", "ms", found, busy, None, anchor_is)


def _in_folder(run: Callable[[Path], float]) -> float:
    with tempfile.TemporaryDirectory(prefix="gecit-bench-") as folder:
        return run(Path(folder))


def _open(folder: Path) -> SqlLedger:
    return open_ledger(f"sqlite:///{folder}/ledger.db")


def _entry(number: int) -> AuditEntry:
    return AuditEntry(
        at=datetime.now(UTC), who="bench", what="see an exam", institution="900001", accession=f"A{number}",
        patient="10000000146", address="127.0.0.1", outcome="done", detail={"route": "tracking.exam"},
    )  # fmt: skip


def _book(ledger: SqlLedger) -> AuditBook:
    return AuditBook(ledger, b"k" * 32, "bench", SystemClock())


def _booked(folder: Path, rows: int, threads: int) -> float:
    """Milliseconds for each row, as whoever writes them sees it: all the time over all the rows."""
    ledger = _open(folder)
    book = _book(ledger)
    some = [
        threading.Thread(target=lambda: [book.record(_entry(number)) for number in range(rows // threads)])
        for _ in range(threads)
    ]
    began = time.perf_counter()
    for one in some:
        one.start()
    for one in some:
        one.join()
    took = time.perf_counter() - began
    ledger.close()
    return took * 1000 / rows


def _inserted(folder: Path, rows: int) -> float:
    ledger = _open(folder)
    began = time.perf_counter()
    for number in range(1, rows + 1):
        ledger.add_audit([linked(AuditRow(chain="c", number=number, at=datetime.now(UTC), what="x"), "")])
    took = time.perf_counter() - began
    ledger.close()
    return took * 1000 / rows


def _orders(folder: Path, orders: int) -> float:
    """The 95th percentile of an order's transaction, in milliseconds."""
    ledger, found = _open(folder), []
    for number in range(orders):
        placed = _placed(number)
        began = time.perf_counter()
        ledger.write(lambda tx, placed=placed: tx.append(placed))  # type: ignore[misc]
        found.append((time.perf_counter() - began) * 1000)
        time.sleep(ORDER_REST)
    ledger.close()
    return quantiles(found, n=20, method="inclusive")[-1]


def _placed(number: int) -> OrderPlaced:
    key = ExamKey(institution="900001", accession=f"A{number}")
    order = Order(
        key=key, control=Control.NEW, patient=Patient(tckn="10000000146"), procedures=(Procedure(sut="R100250"),)
    )
    return OrderPlaced(at=datetime.now(UTC), exam=key, order=order, message=1)


def _orders_beside(folder: Path, orders: int) -> float:
    _open(folder).close()
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    other = context.Process(target=_audit_until, args=(folder, stop))
    other.start()
    try:
        return _orders(folder, orders)
    finally:
        stop.set()
        other.join()


def _audit_until(folder: Path, stop: Event) -> None:
    book, number = _book(_open(folder)), 0
    while not stop.wait(AUDIT_REST):
        book.record(_entry(number))
        number += 1
