"""The modality worklist: how long a C-FIND takes with a thousand open orders, beside Orthanc's own worklist of files.

The anchor is Orthanc with its sample plugin (libModalityWorklists) and one file for each order, the very answers that
we build. Both are asked by the same client in turn, one association a query as modalities do; the p95 of each round.
"""

from __future__ import annotations

import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles

from pydicom import Dataset
from pynetdicom import AE, evt
from pynetdicom.sop_class import ModalityWorklistInformationFind

from gecit.core.events import OrderPlaced
from gecit.core.order import Control, ExamKey, Order, Patient, Procedure
from gecit.core.values import Value, local
from gecit.core.worklist import Asking, Entry
from gecit.edges.dicom_query import worklist_item
from gecit.edges.store import open_ledger
from gecit.sandbox.day import INSTITUTION

from . import nodes
from .figures import Figure, Goal, compare
from .machine import elsewhere, machine_now, wait_quiet

OPEN = 1_000
QUERIES = 20  # of each case and round
QUIET = 0.06
MODALITIES = ("CT", "MR", "DX", "US", "MG")
RETURNED = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "RequestedProcedureID",
            "RequestedProcedureDescription")  # fmt: skip


class Case(Value):
    """A question: what it narrows by, and how many of a thousand answer."""

    name: str
    share: int  # one answer of so many orders
    modality: str = ""
    accession: str = ""


CASES = (
    Case(name="one-order", share=0, accession="W00007"),
    Case(name="one-modality", share=len(MODALITIES), modality="CT"),
    Case(name="everything", share=1),
)


class WrongAnswerError(RuntimeError):
    """A node answered otherwise than the orders say."""


def orders(count: int) -> list[Order]:
    """Make open orders of one institution, all of today."""
    now = datetime.now(UTC)
    return [
        Order(
            key=ExamKey(institution=INSTITUTION.skrs, accession=f"W{number:05}"),
            control=Control.NEW,
            patient=Patient(tckn=f"{10_000_000_000 + number}", family=f"ÖRNEK{number:05}", given="Işıl", sex="F"),
            procedures=(Procedure(sut="R100250", sut_name="Beyin BT", loinc="24725-4"),),
            ordered_at=now,
            scheduled_at=now + timedelta(seconds=number),
            modality=MODALITIES[number % len(MODALITIES)],
        )
        for number in range(count)
    ]


def figures(rounds: int = 5, patience: float = 30.0, count: int = OPEN, queries: int = QUERIES) -> Iterator[Figure]:
    """Measure every case and yield its figure."""
    made = orders(count)
    with ExitStack() as stack:
        folders = [Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gecit-bench-"))) for _ in range(2)]
        ours = stack.enter_context(nodes.gecit(folders[0]))
        _place(folders[0], made)
        write_files(folders[1] / "worklist", made)
        files = stack.enter_context(nodes.files(folders[1], folders[1] / "worklist"))
        _until_let_in(ours)
        for case in CASES:
            yield _figure(case, (ours, files), rounds, patience, count, queries)


def _figure(
    case: Case, both: tuple[nodes.Node, nodes.Node], rounds: int, patience: float, count: int, queries: int
) -> Figure:
    ours, files = (one.dicom for one in both)
    expected = count // case.share if case.share else 1
    rows, busy = [], []
    p95(ours, case, 3, expected)  # whoever is asked first fills caches
    for _ in range(rounds):
        wait_quiet(QUIET, patience)
        machine, used = machine_now(), _used(both)
        one, value, other = (p95(port, case, queries, expected) for port in (files, ours, files))
        rows.append((value, one, other))
        busy.append(elsewhere(machine, machine_now(), _used(both) - used))
        sys.stderr.write(f"  {case.name}: {value:.1f} ms, files {one:.1f} and {other:.1f} ms\n")
    goal = Goal(most=1.0)
    return compare("worklist", f"{case.name}-of-{count}", "p95", "ms", rows, busy, goal, "Orthanc's worklist of files")


def _used(both: tuple[nodes.Node, nodes.Node]) -> float:
    return sum(one.cpu().all for one in both)


def p95(port: int, case: Case, queries: int, expected: int) -> float:
    """Ask so many times; milliseconds from the first byte to the end of the association."""
    found = []
    for _ in range(queries):
        began = time.perf_counter()
        answers = ask(port, case)
        found.append((time.perf_counter() - began) * 1000)
        if answers != expected:
            raise WrongAnswerError(f"{case.name}: {answers} answers instead of {expected}")
    return quantiles(found, n=20, method="inclusive")[-1] if len(found) > 1 else found[0]


def ask(port: int, case: Case) -> int:
    """Ask once; returns how many answers came, -1 where the asker was not let in."""
    ae = AE(ae_title=nodes.CALLING)
    ae.add_requested_context(ModalityWorklistInformationFind)
    nodelay = [(evt.EVT_CONN_OPEN, _without_delay)]
    association = ae.associate("127.0.0.1", port, ae_title=nodes.CALLED, evt_handlers=nodelay)  # type: ignore[arg-type]
    if not association.is_established:
        return -1
    found = [one for status, one in association.send_c_find(_query(case), ModalityWorklistInformationFind) if one]
    if association.is_established:
        association.release()
    return len(found) if association.is_released else -1


def _without_delay(event: evt.Event) -> None:
    event.assoc.dul.socket.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _query(case: Case) -> Dataset:
    made, step = Dataset(), Dataset()
    for name in RETURNED:
        setattr(made, name, "")
    made.AccessionNumber = case.accession
    step.Modality, step.ScheduledStationAETitle = case.modality, ""
    step.ScheduledProcedureStepStartDate = step.ScheduledProcedureStepStartTime = ""
    made.ScheduledProcedureStepSequence = [step]
    return made


def _place(folder: Path, made: Sequence[Order]) -> None:
    ledger, now = open_ledger(f"sqlite:///{folder}/ledger.db"), datetime.now(UTC)
    ledger.write(lambda tx: [tx.append(OrderPlaced(at=now, exam=one.key, order=one, message=1)) for one in made])
    ledger.close()


def write_files(folder: Path, made: Sequence[Order]) -> None:
    """Write what Orthanc's own plugin reads: one file for each order."""
    folder.mkdir()
    asking = Asking(aet=nodes.CALLING, institution_name=INSTITUTION.name)
    for one in made:
        entry = Entry(order=one, scheduled_at=local(one.scheduled_at or datetime.now(UTC)))
        (folder / f"{one.key.accession}.wl").write_bytes(worklist_item(entry, asking, "turkish"))


def _until_let_in(node: nodes.Node) -> None:
    deadline = time.monotonic() + 30
    while ask(node.dicom, CASES[0]) < 0:
        if time.monotonic() > deadline:
            raise WrongAnswerError("the AE title is not let in")
        time.sleep(0.2)
