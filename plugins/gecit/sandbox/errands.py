"""What the demo's people find to do: a critical finding to read, and an exam that its patient opened to a physician."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from ..core.accounts import person_of
from ..core.disclosures import Disclosure, Ground
from ..core.order import ExamKey
from ..core.reading import Limits
from ..edges.store import SqlLedger
from ..ports import Transaction
from ..steps import critical, read_exam, sharing
from .neighbours import READERS
from .people import CITIZEN, OUTSIDE_CLINICIAN, PEOPLE

FOUND = "Sol temporalde akut kanama kuşkusu; beyin cerrahisine hemen danışılmalı (deneme bulgusu)."
OPEN_FOR = timedelta(days=30)
PATIENCE_SECONDS = 60.0


def find_critical(ledger: SqlLedger, key: ExamKey, now: datetime) -> bool:
    """Let the hospital's radiologist mark a critical finding of an exam, and give it back to the list.

    False where its images do not come, or somebody else has it.
    """
    reader = next(person_of(one) for one in PEOPLE if one.name == READERS[0])

    def work(tx: Transaction) -> None:
        read_exam.take(tx, key, reader, Limits(), now)
        critical.mark(tx, key, reader, FOUND, now)
        read_exam.give_back(tx, key, reader, now)

    if not _images_came(ledger, key):
        return False
    try:
        ledger.write(work)
    except read_exam.ReadingRefused:
        return False
    return True


def open_to_physician(ledger: SqlLedger, key: ExamKey, patient: str, now: datetime) -> Disclosure:
    """Let the citizen, whose TCKN is `patient`, open an exam to the neighbour's physician; `SharingRefused`."""
    asked = Disclosure(
        id="",
        ground=Ground.CONSENT,
        reference="",
        since=now,
        until=now + OPEN_FOR,
        tckn=OUTSIDE_CLINICIAN.tckn,
        patient=patient,
        exams=(key,),
    )
    return sharing.consent(ledger, asked, CITIZEN, now)


def _images_came(ledger: SqlLedger, key: ExamKey) -> bool:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not ((exam := ledger.exam_of(key)) and exam.images):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True
