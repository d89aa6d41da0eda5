"""A hospital that goes on sending orders while something else works: `python -m bench.meanwhile URL FILE NAME`.

Stops when its standard input is closed, and writes how long each order took to be durable, in seconds.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from gecit.core.order import Control, ExamKey, Order, Patient, Procedure
from gecit.edges import hl7_build, hl7_profile
from gecit.edges.rules_files import read_folder
from gecit.edges.store import SqlLedger
from gecit.edges.store.engine import open_engine
from gecit.edges.system_clock import SystemClock
from gecit.processes.reception import Raw, Reception
from gecit.steps.receive_message import Judging

from .corpus import tckn

HOME = Path(__file__).parents[1]
EVERY_SECONDS = 0.05


class _Nobody:
    """A registry that is never asked: orders name no radiologist."""

    def look_up(self, identifier: str) -> object:
        raise AssertionError("an order needs no registry")


def orders(url: str, name: str, enough: Callable[[], bool]) -> Iterator[float]:
    """Take orders in, one after the other with a little rest; yield the seconds that each took."""
    ledger = SqlLedger(open_engine(url))
    [institution, *_] = ledger.read(lambda tx: tx.institutions())
    profiles = {one.stem: hl7_profile.load(one) for one in (HOME / "rules" / "profiles").glob("*.toml")}
    judging = Judging(rulebook=read_folder(HOME / "rules"))
    reception = Reception(ledger, _Nobody(), SystemClock(), lambda: judging, profiles, institution.skrs)  # type: ignore[arg-type]
    number = 0
    while number == 0 or not enough():  # one order at least: on a busy machine the work is done before we are
        number += 1
        order = _order(institution.skrs, f"{name}{number:06d}", number)
        frame = hl7_build.order_message(order, hl7_build.Envelope(control_id=order.key.accession))
        start = time.monotonic()
        [answer] = reception.receive([Raw(frame, "127.0.0.1", datetime.now(UTC))])
        yield time.monotonic() - start
        if b"MSA|AA|" not in answer:
            raise RuntimeError(f"an order was refused: {answer!r}")
        time.sleep(EVERY_SECONDS)
    ledger.close()


def _order(skrs: str, accession: str, number: int) -> Order:
    now = datetime.now(UTC)
    return Order(
        key=ExamKey(institution=skrs, accession=accession),
        control=Control.NEW,
        patient=Patient(tckn=tckn(100_000_000 + number), file_number=f"B{number}", family="ÖLÇÜM", given="DENEME"),
        procedures=(Procedure(sut="899003", sut_name="US", loinc="24719-7", loinc_name="US"),),
        ordered_at=now,
        message_at=now,
        scheduled_at=now,
        modality="US",
        admission=f"BSV{accession}",
    )


def main() -> None:
    """Send until standard input ends."""
    url, journal, name = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    journal.write_text(json.dumps(list(orders(url, name, ended.is_set))), encoding="utf-8")


if __name__ == "__main__":
    main()
