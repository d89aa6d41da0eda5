"""What the citizen's pages are made of."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import NamedTuple, Protocol

from flask import abort

from gecit.core.access import Action, Whose, may, reach
from gecit.core.exam import Exam
from gecit.core.exam_kinds import Kind
from gecit.core.order import ExamKey
from gecit.core.values import Text, Value
from gecit.edges.orthanc_images import OrthancImages
from gecit.edges.store import SqlLedger
from gecit.ports import Clock
from gecit.steps.tell_desk import Tell, teller

from ..access import may_touch, person
from ..audit import about


class Limits(Value):
    """How much a citizen may ask for; see `settings.citizens`."""

    answer: timedelta = timedelta(days=30)
    open_requests: int = 5
    downloads: int = 2


class Digests(Protocol):
    """Makes of a TCKN what the audit keeps of it."""

    def digest(self, tckn: str) -> str:
        """Return the keyed digest."""
        ...


class Slots:
    """So many at once, and no more; safe to share between threads."""

    def __init__(self, most: int) -> None:
        self._free = threading.Semaphore(most)

    def take(self) -> Callable[[], None] | None:
        """Return what gives the place back, which may be called again and again; None where all are taken."""
        if not self._free.acquire(blocking=False):
            return None
        held = [True]

        def give_back() -> None:
            with suppress(IndexError):
                held.pop()
                self._free.release()

        return give_back


class CitizenRoom(NamedTuple):
    """The parts; `web_port`: where this process itself listens on loopback."""

    ledger: SqlLedger
    clock: Clock
    node: str
    audit: Digests
    images: OrthancImages
    kind: Callable[[Exam], Kind]
    limits: Limits
    slots: Slots
    web_port: int
    tell: Tell = teller(())  # queues what a patient-rights desk is to hear of a new request

    def institutions(self) -> dict[str, str]:
        """Return the institutions' names by SKRS code."""
        found = self.ledger.read(lambda tx: tx.institutions())
        return {one.skrs: one.name or one.skrs for one in found}

    def exam(self, institution: str, accession: str) -> Exam | None:
        """Return an exam."""
        key = ExamKey(institution=institution, accession=accession)
        return self.ledger.read(lambda tx: tx.exam(key))


def own_number() -> str:
    """Return the TCKN of who asks; a citizen whose provider gave none has nothing here."""
    return reach(person(), Action.SEE_OWN_EXAMS).patient


def own_exam(room: CitizenRoom, institution: str, accession: str) -> Exam:
    """Return an exam of who asks, or answer 404: that another's exists is no news."""
    found = room.exam(institution, accession)
    tckn = found.patient.tckn if found else ""
    mine = bool(tckn) and tckn == own_number()
    about(institution, accession, patient=tckn, refused=found is not None and not mine)
    if found is None or not mine:
        abort(404)
    return found


def exam_with_images(room: CitizenRoom, institution: str, accession: str) -> Exam:
    """Return an exam whose images who asks may take away: a patient his own, staff what they may export."""
    found = room.exam(institution, accession)
    tckn = found.patient.tckn if found else ""
    own = bool(tckn) and tckn == person().tckn and may(person(), Action.SEE_IMAGES, Whose.SELF)
    staff = may_touch(Action.SEE_IMAGES, institution) and may_touch(Action.EXPORT, institution)
    about(institution, accession, patient=tckn, refused=found is not None and not (own or staff))
    if found is None or not (own or staff):
        abort(404)
    return found


MODALITIES: dict[str, Text] = {
    "CT": Text(tr="Bilgisayarlı tomografi (BT)", en="Computed tomography (CT)"),
    "MR": Text(tr="Manyetik rezonans (MR)", en="Magnetic resonance (MR)"),
    "DX": Text(tr="Röntgen", en="X-ray"),
    "CR": Text(tr="Röntgen", en="X-ray"),
    "MG": Text(tr="Mamografi", en="Mammography"),
    "US": Text(tr="Ultrason", en="Ultrasound"),
    "XA": Text(tr="Anjiyografi", en="Angiography"),
    "RF": Text(tr="Skopi (hareketli röntgen)", en="Fluoroscopy (moving X-ray)"),
    "NM": Text(tr="Sintigrafi", en="Nuclear medicine scan"),
    "PT": Text(tr="PET", en="PET"),
    "ES": Text(tr="Endoskopi", en="Endoscopy"),
    "IO": Text(tr="Diş röntgeni", en="Dental X-ray"),
    "PX": Text(tr="Panoramik diş röntgeni", en="Panoramic dental X-ray"),
    "BMD": Text(tr="Kemik yoğunluğu ölçümü", en="Bone density measurement"),
}
"""DICOM modalities (PS3.3 C.7.3.1.1.1) in words that a patient knows."""
OTHER = Text(tr="Görüntüleme", en="Imaging")
