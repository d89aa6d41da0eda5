"""What the door costs a request for a frame: Orthanc's processor time, ours over that of an unguarded Orthanc.

The anchor is Orthanc with its DICOMweb plugin and no filter. Both hold the same studies and are asked in turn by one
client over one kept connection, as a viewer does. Ours checks a token and whose the study is, and audits the opening.
"""

from __future__ import annotations

import io
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import urllib3
from pydicom import Dataset, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from gecit.core.access import Role
from gecit.core.accounts import Account
from gecit.core.values import Value
from gecit.edges.doors import new_token, token_digest
from gecit.edges.store import SqlLedger, open_ledger
from gecit.sandbox.day import INSTITUTION

from . import nodes
from .figures import Figure, Goal, compare
from .machine import elsewhere, machine_now, wait_quiet

EDGE = 512  # pixels of a side, 16 bits each
STUDIES = 200
FRAMES = 600  # asked for in each run of one study
QUIET = 0.06
TICK_SECONDS = 0.01
UID = "1.2.276.0.99."
# glibc keeps what is freed: else a frame's memory is given back and asked for anew in a process that once was small,
# and not in one that once was large, which costs more than the door does.
MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(64 << 20), "MALLOC_TRIM_THRESHOLD_": str(256 << 20)}


class Case(Value):
    """What is asked for: one study's frame again and again, or each study's once."""

    name: str
    each_once: bool
    goal: Goal | None


CASES = (
    Case(name="frames-of-one-study", each_once=False, goal=Goal(most=1.0, absolute=True)),
    Case(name="first-frame-of-a-study", each_once=True, goal=None),
)


class WrongAnswerError(RuntimeError):
    """A node did not give a frame, or the ledger not its study."""


def picture(number: int) -> bytes:
    """Return a slice, the only one of its study, of the bench's institution."""
    made, uid = Dataset(), f"{UID}{number}"
    made.SOPClassUID, made.SOPInstanceUID = CTImageStorage, f"{uid}.1.1"
    made.StudyInstanceUID, made.SeriesInstanceUID = uid, f"{uid}.1"
    made.PatientID, made.PatientName, made.AccessionNumber, made.Modality = f"G{number}", "ÖRNEK^Işıl", "", "CT"
    made.SpecificCharacterSet, made.InstitutionName = "ISO_IR 192", f"Bench^^^SKRS{INSTITUTION.skrs}^^^FK1"
    made.Rows = made.Columns = EDGE
    made.SamplesPerPixel, made.PhotometricInterpretation, made.PixelRepresentation = 1, "MONOCHROME2", 0
    made.BitsAllocated = made.BitsStored = 16
    made.HighBit, made.PixelData = 15, bytes(EDGE * EDGE * 2)
    made.file_meta = FileMetaDataset()
    made.file_meta.MediaStorageSOPClassUID, made.file_meta.MediaStorageSOPInstanceUID = CTImageStorage, f"{uid}.1.1"
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file = io.BytesIO()
    dcmwrite(file, made, enforce_file_format=True)
    return file.getvalue()


def frame(number: int) -> str:
    """Return where a study's frame is."""
    uid = f"{UID}{number}"
    return f"/dicom-web/studies/{uid}/series/{uid}.1/instances/{uid}.1.1/frames/1"


def figures(rounds: int = 5, patience: float = 30.0, studies: int = STUDIES, frames: int = FRAMES) -> Iterator[Figure]:
    """Measure every case and yield its figure."""
    with ExitStack() as stack:
        folders = [Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gecit-bench-"))) for _ in range(2)]
        ours = stack.enter_context(nodes.gecit(folders[0], **MEMORY))
        bare = stack.enter_context(nodes.dicomweb(folders[1], **MEMORY))
        ledger = open_ledger(f"sqlite:///{folders[0]}/ledger.db")
        stack.callback(ledger.close)
        internal = {"Authorization": f"Bearer {(folders[0] / 'run/internal.token').read_text()}"}
        for number in range(studies):
            for node, headers in ((ours, internal), (bare, {})):
                _pool(node).request("POST", "/instances", picture(number), headers=headers)
        _until_read(ledger, studies)
        for case in CASES:
            wanted = list(range(studies)) if case.each_once else [0] * frames
            yield _figure(case, ours, bare, ledger, wanted, rounds, patience)


def _figure(
    case: Case,
    ours: nodes.Node,
    bare: nodes.Node,
    ledger: SqlLedger,
    wanted: Sequence[int],
    rounds: int,
    patience: float,
) -> Figure:
    rows, busy = [], []
    for number in range(rounds):
        headers = _signed_in(ledger, f"{case.name}-{number}")
        if not case.each_once:
            milliseconds(ours, wanted[:20], headers)  # signed in, opened, cached
        wait_quiet(QUIET, patience)
        machine, used = machine_now(), ours.cpu().all + bare.cpu().all
        one, value, other = (
            milliseconds(bare, wanted, {}), milliseconds(ours, wanted, headers), milliseconds(bare, wanted, {})
        )  # fmt: skip
        rows.append((value - (one + other) / 2, one, other))
        busy.append(elsewhere(machine, machine_now(), ours.cpu().all + bare.cpu().all - used))
        sys.stderr.write(f"  {case.name}: {value:.3f} ms, bare {one:.3f} and {other:.3f} ms\n")
    return compare("guard", case.name, "extra-cpu", "ms", rows, busy, case.goal, "Orthanc without a filter")


def milliseconds(node: nodes.Node, wanted: Sequence[int], headers: dict[str, str]) -> float:
    """Ask for frames one after the other; Orthanc's processor time for each, in milliseconds."""
    pool, before = _pool(node), node.cpu().orthanc
    for number in wanted:
        answer = pool.request("GET", frame(number), headers=headers)
        if answer.status != 200 or len(answer.data) < EDGE * EDGE * 2:
            raise WrongAnswerError(f"no frame: {answer.status}")
    # The kernel counts in ticks of 10 ms: less than one is not nothing.
    return max(node.cpu().orthanc - before, TICK_SECONDS) * 1000 / len(wanted)


def _pool(node: nodes.Node) -> urllib3.HTTPConnectionPool:
    return urllib3.HTTPConnectionPool("127.0.0.1", node.http, maxsize=1, retries=False, timeout=30)


def _signed_in(ledger: SqlLedger, name: str) -> dict[str, str]:
    """Return the headers of a radiologist who has opened nothing yet."""
    token, now = new_token(), datetime.now(UTC)
    ledger.save_account(Account(name=name, roles=(Role.RADIOLOGIST,), institution=INSTITUTION.skrs), now)
    ledger.add_token(token_digest(token), name, now, None)
    return {"Authorization": f"Bearer {token}"}


def _until_read(ledger: SqlLedger, studies: int) -> None:
    deadline = time.monotonic() + 120
    while sum(bool(ledger.belongings("Gecit", f"{UID}{number}")) for number in range(studies)) < studies:
        if time.monotonic() > deadline:
            raise WrongAnswerError("the ledger has not read the studies")
        time.sleep(0.5)
