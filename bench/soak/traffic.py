"""A hospital's traffic of one kind: `python -m bench.soak.traffic KIND PORT SECONDS PACE JOURNAL TOKEN`.

KIND is `orders`, `reports`, `images` or `pages`; PACE exams a second, each with an order, a report and eight images.
Writes a line when it is ready, and reads one: the instant of the machine's monotonic clock at which all kinds start.
The journal has a line for each thing sent: its turn (seconds from the start), milliseconds until it was answered, the
exam's key under which MEDULA is told, and how often its images had to be sent again. Milliseconds of a message count
from its turn, not from when the one before it let it go.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TextIO

import urllib3
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundImageStorage
from pynetdicom import AE

from gecit.core.values import local
from gecit.edges import hl7_build
from gecit.sandbox.day import INSTITUTION
from gecit.sandbox.imaging import Shot, common

from .. import nodes
from ..delivery import Case, case_of

EXAMS = 5.0  # a second: an order and a report of each, so ten messages
IMAGES = 8  # of each exam, so forty instances a second
AFTER = {"orders": 0.0, "images": 2.0, "reports": 5.0}  # seconds after the order
PAGES = 1.0  # a second
SENDERS = 4  # of images at the same time
TRIES = 5  # of sending an exam's images, as every archive has them; each but the first is counted
EDGE = 160  # rows and columns of a picture of 8 bits: 25 KB


class RefusedError(RuntimeError):
    """Something was not accepted."""


def turns(seconds: float, after: float, pace: float) -> Iterator[tuple[int, float]]:
    """Yield numbers from 1 and their turns, in seconds from the start."""
    for number in range(int(seconds * pace)):
        yield number + 1, after + number / pace


class Journal:
    """Writes what was sent and how long its answer took."""

    def __init__(self, out: TextIO, start: float) -> None:
        self._out, self._start = out, start

    def wait(self, turn: float) -> None:
        """Sleep until a turn has come."""
        early = self._start + turn - time.monotonic()
        if early > 0:
            time.sleep(early)

    def note(self, turn: float, asked: float, key: str = "", images: int = 1, again: int = 0) -> None:
        """Note an answer that came just now; `asked` is an instant of the monotonic clock."""
        now = time.monotonic()
        row = {"turn": turn, "ms": 1000 * (now - asked) / images, "answered": now, "key": key, "again": again}
        self._out.write(json.dumps(row) + "\n")


def messages(kind: str, port: int, seconds: float, start: float, journal: Journal, pace: float) -> None:
    """Send orders or reports over one connection."""
    build: Callable[[Case, hl7_build.Envelope], bytes] = (
        (lambda one, envelope: hl7_build.order_message(one.order, envelope))
        if kind == "orders"
        else (lambda one, envelope: hl7_build.report_message(one.report, envelope))
    )

    def paced() -> Iterator[bytes]:
        for number, turn in turns(seconds, AFTER[kind], pace):
            one = case_of(number)
            message = build(one, hl7_build.Envelope(control_id=f"{kind[0]}{number}"))
            journal.wait(turn)
            yield message
            journal.note(turn, start + turn, one.key)

    for answer in hl7_build.send("127.0.0.1", port, paced(), timeout=60):
        if b"\rMSA|AA|" not in answer:
            raise RefusedError(f"a message was refused: {answer!r}")


def images(port: int, seconds: float, journal: Journal, pace: float) -> None:
    """Send each exam's images over an association of its own."""

    def study(number: int, turn: float) -> None:
        journal.wait(turn)
        one = case_of(number)
        began = time.monotonic()
        for again in range(TRIES):
            if _stored(one, port):
                journal.note(turn, began, one.key, IMAGES, again)
                return
            time.sleep(1.0)
        raise RefusedError(f"images were not stored in {TRIES} tries")

    with ThreadPoolExecutor(SENDERS) as pool:
        waiting = [pool.submit(study, *one) for one in turns(seconds, AFTER["images"], pace)]
        try:
            for one in waiting:
                one.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _stored(one: Case, port: int) -> bool:
    """Send an exam's images; whether every one was stored."""
    entity = AE(ae_title=nodes.CALLING)
    entity.add_requested_context(UltrasoundImageStorage, ExplicitVRLittleEndian)
    association = entity.associate("127.0.0.1", port, ae_title=nodes.CALLED)
    if not association.is_established:
        return False
    try:
        return all(association.send_c_store(picture).get("Status") == 0 for picture in pictures(one))
    except RuntimeError:  # it was aborted
        return False
    finally:
        if association.is_established:
            association.release()


def pictures(one: Case) -> Iterator[Dataset]:
    """Yield the images of an exam, the same object with other names."""
    at = local(one.order.scheduled_at) if one.order.scheduled_at else None
    assert at
    shot = Shot(kind="US", order=one.order, institution=INSTITUTION, at=at, serial="SOAK-1")
    made = common(shot, series=1)
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.SOPClassUID = UltrasoundImageStorage
    made.ImageType, made.PatientOrientation = ["ORIGINAL", "PRIMARY"], ""
    made.SamplesPerPixel, made.PhotometricInterpretation, made.PixelRepresentation = 1, "MONOCHROME2", 0
    made.Rows = made.Columns = EDGE
    made.BitsAllocated = made.BitsStored = 8
    made.HighBit, made.PixelData = 7, bytes(EDGE * EDGE)
    for number in range(1, IMAGES + 1):
        made.SOPInstanceUID, made.InstanceNumber = shot.uid("image", number), number
        yield made


def pages(port: int, seconds: float, journal: Journal, token: str) -> None:
    """Look at the list of exams, through the node's own port."""
    pool = urllib3.HTTPConnectionPool("127.0.0.1", port, maxsize=1, retries=False, timeout=60)
    for _, turn in turns(seconds, 0.0, PAGES):
        journal.wait(turn)
        began = time.monotonic()
        answer = pool.request("GET", "/gecit/", headers={"Authorization": f"Bearer {token}"})
        if answer.status != 200:
            raise RefusedError(f"no page: {answer.status}")
        journal.note(turn, began)


def main() -> None:
    """Send what the command line names."""
    kind, port, (seconds, pace) = sys.argv[1], int(sys.argv[2]), map(float, sys.argv[3:5])
    print("ready", flush=True)  # whatever takes long to import is imported
    start = float(sys.stdin.readline())
    with open(sys.argv[5], "w", encoding="utf-8") as out:  # noqa: PTH123 -- named by the bench itself
        journal = Journal(out, start)
        if kind == "images":
            images(port, seconds, journal, pace)
        elif kind == "pages":
            pages(port, seconds, journal, sys.argv[6])
        else:
            messages(kind, port, seconds, start, journal, pace)


if __name__ == "__main__":
    main()
