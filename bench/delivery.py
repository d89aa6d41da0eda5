"""How long from an exam's last missing piece until MEDULA is told: the piece is an order, a report, or the images.

On a whole node, one exam after the other; from the answer that the sender of the last piece got to the arrival at a
receiver that only answers. Of images the configured settle time is not counted: the node waits it on purpose.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles

from gecit.core.billing import idempotency_key
from gecit.core.exam import Exam
from gecit.core.order import Control, ExamKey, Order, Patient
from gecit.core.report import Report, ReportPart, ReportStatus
from gecit.core.values import Value
from gecit.edges import codes, hl7_build
from gecit.edges.system_clock import SystemClock
from gecit.sandbox.day import INSTITUTION, PHYSICIAN, PROCEDURES, RADIOLOGIST
from gecit.sandbox.imaging import build_study
from gecit.sandbox.play import store
from gecit.sandbox.reports import REPORTS

from . import nodes
from .corpus import tckn
from .figures import Figure, Goal, compare
from .hl7 import RADIOLOGISTS
from .machine import elsewhere, machine_now
from .outbox import receiver

PIECES = ("order", "report", "images")
EXAMS = 40  # of each last piece
EVERY_SECONDS = 0.15
GOAL = Goal(most=1000.0, absolute=True)
Send = Callable[[], None]


class Case(Value):
    """One exam of somebody made up."""

    order: Order
    report: Report

    @property
    def key(self) -> str:
        """Under which MEDULA is told of it."""
        return idempotency_key(Exam(key=self.order.key), 1, "notify")


def figures(rounds: int = 5, patience: float = 30.0, exams: int = EXAMS) -> Iterator[Figure]:
    """Measure every kind of last piece; each round is so many exams of each."""
    with tempfile.TemporaryDirectory(prefix="gecit-bench-") as folder, receiver() as (url, arrived):
        answered, busy = _played(Path(folder), url, rounds, exams)
    said = arrived()
    for piece in PIECES:
        yield _figure(piece, [answered[piece, number] for number in range(rounds)], said.first, busy)


def _played(folder: Path, url: str, rounds: int, exams: int) -> tuple[dict[tuple[str, int], dict[str, float]], float]:
    """Run a node and return when each last piece was answered, and what share of the machine went elsewhere."""
    with nodes.gecit(folder, ORTHANC__GECIT__MEDULA__URL=url) as node:
        codes.import_csv(folder / "codes.db", "radiologists", RADIOLOGISTS, SystemClock().now())
        time.sleep(2.0)  # until the node lets the institution's AE title in
        machine, used = machine_now(), node.cpu()
        answered = {
            (piece, number): _answered(node, folder, piece, number, exams)
            for number in range(rounds)
            for piece in PIECES
        }
        time.sleep(5 + nodes.SETTLE_SECONDS)
        return answered, elsewhere(machine, machine_now(), node.cpu().all - used.all)


def _figure(piece: str, rounds: Sequence[dict[str, float]], first: dict[str, float], busy: float) -> Figure:
    on_purpose = nodes.SETTLE_SECONDS if piece == "images" else 0.0
    rows = []
    for answered in rounds:
        waits = [1000 * (first[key] - at - on_purpose) for key, at in answered.items()]
        p95 = quantiles(waits, n=20, method="inclusive")[18]
        sys.stderr.write(f"  {piece}: median {median(waits):.0f} ms, p95 {p95:.0f}, most {max(waits):.0f}\n")
        rows.append((p95, median(waits), median(waits)))
    return compare("delivery", f"last-piece-{piece}", "told-p95", "ms", rows, [busy], GOAL, "median of the same")


def _answered(node: nodes.Node, folder: Path, last: str, number: int, exams: int) -> dict[str, float]:
    """Send everything but the last pieces, let it rest, then send those; return when each was answered."""
    first = 10_000 * (number + 1) + 1_000 * PIECES.index(last)
    cases = [case_of(first + one) for one in range(exams)]
    for one in cases:
        for piece, send in _sends(node, folder, one).items():
            if piece != last:
                send()
    time.sleep(nodes.SETTLE_SECONDS + 2.0)
    answered: dict[str, float] = {}
    for one in cases:
        _sends(node, folder, one)[last]()
        answered[one.key] = time.monotonic()
        time.sleep(EVERY_SECONDS)
    return answered


def _sends(node: nodes.Node, folder: Path, case: Case) -> dict[str, Send]:
    files = build_study(
        "US", order=case.order, institution=INSTITUTION, folder=folder / "dicom" / case.order.key.accession
    )

    def hl7(message: bytes) -> None:
        [answer] = hl7_build.send("127.0.0.1", node.mllp, [message], timeout=30)
        if b"\rMSA|AA|" not in answer:
            raise RuntimeError(f"a message was refused: {answer!r}")

    accession = case.order.key.accession
    return {
        "order": lambda: hl7(hl7_build.order_message(case.order, hl7_build.Envelope(control_id=f"O{accession}"))),
        "report": lambda: hl7(hl7_build.report_message(case.report, hl7_build.Envelope(control_id=f"R{accession}"))),
        "images": lambda: store(files, node.dicom, nodes.CALLED),
    }


def case_of(number: int) -> Case:
    """Return the exam of that number, of somebody made up: an ultrasound."""
    now = datetime.now(UTC)
    key = ExamKey(institution=INSTITUTION.skrs, accession=f"T{number:08d}")
    patient = Patient(tckn=tckn(200_000_000 + number), file_number=f"T{number}", family="ÖLÇÜM", given="Şule", sex="F")
    procedures = (PROCEDURES["US"],)
    order = Order(
        key=key, control=Control.NEW, patient=patient, procedures=procedures, ordered_at=now, message_at=now,
        scheduled_at=now, modality="US", physician=PHYSICIAN, admission=f"BSV{number}",
    )  # fmt: skip
    report = Report(
        key=key, patient=patient, status=ReportStatus.FINAL, radiologists=(RADIOLOGIST,), approved_at=now,
        parts={ReportPart(name): text for name, text in REPORTS["DX"].parts.items()}, message_at=now,
        procedures=procedures, modality="US",
    )  # fmt: skip
    return Case(order=order, report=report)
