"""Orthanc's DICOM callbacks translated to ours. Measured on Orthanc 1.10.1 with the Python plugin 4.0.

What a callback raises reaches the asker as 0xC000 "unable to process"; what it returns, an error code too, is Success
without answers, which says that there is nothing. So a C-FIND that cannot be answered raises `Failed`, on purpose, and
nothing else ever leaves a callback. Orthanc answers in its `DefaultEncoding` (Latin5, ISO_IR 148), whatever the query
declares and whatever the answer is written in; letters beyond it would vanish.
"""

from __future__ import annotations

import io
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from threading import Lock
from typing import Protocol, TypeVar

from pydicom import dcmread
from pydicom.datadict import keyword_for_tag

from gecit.core.character_sets import writer
from gecit.core.order import ExamKey
from gecit.core.reception import Received, broken
from gecit.ports import Clock, Ledger, StudyDoors, Transaction
from gecit.steps.answer_dicom import DicomAnswers, NotAnswered, Scheduled

from .dicom_audit import DicomAudit
from .dicom_query import as_file, as_text, dataset_of, read_query, worklist_item
from .doors import Remembered

log = logging.getLogger("gecit.dicom")

ACCEPTED = 0x0000
READ_AT_THE_DOOR = ("SpecificCharacterSet", "AccessionNumber", "PatientID", "StudyDate", "StudyInstanceUID")
OWNED_SECONDS = 5.0
ALWAYS_ANSWERED = ("QueryRetrieveLevel", "PatientID", "StudyInstanceUID", "SeriesInstanceUID")
"""Returned unasked where the level has them: PS3.4 C.4.1.1.3.2 wants the unique keys."""


T = TypeVar("T")


class Failed(Exception):
    """The asker is answered 0xC000. Orthanc writes its text into the log: no patient in it."""


class WorklistAnswers(Protocol):
    """`orthanc.WorklistAnswers`."""

    def WorklistAddAnswer(self, query: WorklistQuery, dicom: bytes) -> None:  # noqa: N802 Orthanc's name
        """Add an answer."""

    def WorklistMarkIncomplete(self) -> None:  # noqa: N802
        """Say that there are more: the last status is 0xFE00 instead of Success."""


class WorklistQuery(Protocol):
    """`orthanc.WorklistQuery`."""

    def WorklistGetDicomQuery(self) -> bytes:  # noqa: N802
        """Return the identifier as a DICOM file."""
        ...


class FindAnswers(Protocol):
    """`orthanc.FindAnswers`."""

    def FindAddAnswer(self, dicom: bytes) -> None:  # noqa: N802
        """Add an answer; all of it is sent, asked for or not."""

    def FindMarkIncomplete(self) -> None:  # noqa: N802
        """Say that there are more."""


class FindQuery(Protocol):
    """`orthanc.FindQuery`; keys of sequences do not reach it."""

    def GetFindQuerySize(self) -> int:  # noqa: N802
        """Return how many keys there are."""
        ...

    def GetFindQueryTagGroup(self, index: int) -> int:  # noqa: N802
        """Return a key's group."""
        ...

    def GetFindQueryTagElement(self, index: int) -> int:  # noqa: N802
        """Return a key's element."""
        ...

    def GetFindQueryValue(self, index: int) -> str:  # noqa: N802
        """Return a key's value, decoded."""
        ...


class Instance(Protocol):
    """`orthanc.DicomInstance`."""

    def GetInstanceRemoteAet(self) -> str:  # noqa: N802
        """Return the calling AE title."""
        ...

    def GetInstanceData(self) -> bytes:  # noqa: N802
        """Return the instance as a DICOM file."""
        ...


class WorklistDoor:
    """Answers C-FIND of the Modality Worklist."""

    def __init__(self, answers: DicomAnswers, audit: DicomAudit | None = None) -> None:
        self._answers, self._audit = answers, audit

    def __call__(self, answers: WorklistAnswers, query: WorklistQuery, aet: str, called: str) -> None:
        """Add the answers; raises `Failed` and nothing else."""
        try:
            self._answer(answers, query, aet)
        except NotAnswered as why:
            _tell_refused(self._audit, aet, "worklist", str(why))
            raise _failed("worklist", aet, str(why)) from None
        except Exception as fault:  # noqa: BLE001 the outermost boundary of a door: it refuses
            raise _failed("worklist", aet, type(fault).__name__) from None

    def _answer(self, answers: WorklistAnswers, query: WorklistQuery, aet: str) -> None:
        asked = read_query(query.WorklistGetDicomQuery())
        found = self._answers.worklist(aet, asked.keys)
        letters = writer(asked.character_set)

        def add(one: Scheduled) -> None:
            answers.WorklistAddAnswer(query, worklist_item(one.entry, one.asking, letters))

        if not _each_added("worklist", aet, found.answers, add) or not found.complete:
            answers.WorklistMarkIncomplete()


class FindDoor:
    """Answers C-FIND of patients, studies and series."""

    def __init__(self, answers: DicomAnswers, audit: DicomAudit | None = None) -> None:
        self._answers, self._audit = answers, audit

    def __call__(self, answers: FindAnswers, query: FindQuery, aet: str, called: str) -> None:
        """Add the answers; raises `Failed` and nothing else."""
        try:
            self._answer(answers, query, aet)
        except NotAnswered as why:
            _tell_refused(self._audit, aet, "C-FIND", str(why))
            raise _failed("C-FIND", aet, str(why)) from None
        except Exception as fault:  # noqa: BLE001 the outermost boundary of a door: it refuses
            raise _failed("C-FIND", aet, type(fault).__name__) from None

    def _answer(self, answers: FindAnswers, query: FindQuery, aet: str) -> None:
        keys = keys_of(query)
        letters = writer(keys.pop("SpecificCharacterSet", ""))
        found = self._answers.find(aet, keys)
        if self._audit:
            self._audit.found(printable(aet), self._answers.caller(aet).skrs, keys)

        def add(one: dict[str, str]) -> None:
            wanted = {name: value for name, value in one.items() if name in keys or name in ALWAYS_ANSWERED}
            answers.FindAddAnswer(as_file(dataset_of(wanted, letters)))

        if not _each_added("C-FIND", aet, found.answers, add) or not found.complete:
            answers.FindMarkIncomplete()


def keys_of(query: FindQuery) -> dict[str, str]:
    """Return the keys of a query by keyword; private ones are left out."""
    found = {}
    for index in range(query.GetFindQuerySize()):
        tag = (query.GetFindQueryTagGroup(index) << 16) + query.GetFindQueryTagElement(index)
        found[keyword_for_tag(tag)] = query.GetFindQueryValue(index)
    found.pop("", None)
    return found


def _each_added(door: str, aet: str, found: Iterable[T], add: Callable[[T], None]) -> bool:
    """Add each answer; say whether none was left out. One that cannot be written costs nobody the others."""
    whole = True
    for one in found:
        try:
            add(one)
        except Exception as fault:  # noqa: BLE001 pydicom raises nearly anything on an odd value; what it says may name it
            log.error("%s of %s: an answer is left out: %s", door, printable(aet), type(fault).__name__)
            whole = False
    return whole


def _tell_refused(audit: DicomAudit | None, aet: str, door: str, why: str) -> None:
    try:
        if audit:
            audit.refused(printable(aet), door, why)
    except Exception as fault:  # noqa: BLE001 it is refused anyway
        log.error("a refusal cannot be audited: %s", type(fault).__name__)


def _failed(door: str, aet: str, why: str) -> Failed:
    log.error("%s of %s refused: %s", door, printable(aet), why)
    return Failed(why)


def printable(aet: str) -> str:
    """Return an AE title as a log line may carry it."""
    return "".join(one if one.isascii() and one.isprintable() else "?" for one in aet[:16])


class ReceptionFilter:
    """Refuses instances at C-STORE by the rules that the site switched on; one that errs itself stores."""

    def __init__(
        self,
        rules: tuple[str, ...],
        ledger: Ledger,
        clock: Clock,
        studies: StudyDoors,
        node: str,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rules, self._ledger, self._clock = rules, ledger, clock
        self._studies, self._node, self._monotonic = studies, node, monotonic
        self._lock = Lock()
        self._owned: Remembered[bool] = Remembered()  # AE title and study -> whether it is others'
        self._refused: Counter[str] = Counter()

    def __call__(self, instance: Instance) -> int:
        """Return the status: 0 stores; never raises, since Orthanc would refuse."""
        try:
            return self._status(instance)
        except Exception as fault:  # noqa: BLE001 the outermost boundary of a hook: it stores
            log.error("reception rules could not be asked, stored: %s", type(fault).__name__)
            return ACCEPTED

    def counts(self) -> Mapping[str, int]:
        """Return how many instances each rule has refused since the node started, for the health page."""
        with self._lock:
            return {f"refused.{name}": count for name, count in sorted(self._refused.items())}

    def _status(self, instance: Instance) -> int:
        aet = instance.GetInstanceRemoteAet()
        rule = broken(self._rules, self._received(instance, aet))
        if rule is None:
            return ACCEPTED
        with self._lock:
            self._refused[rule.id] += 1
        log.warning("C-STORE of %s refused with 0x%04x: %s", printable(aet), rule.status, rule.id)
        return rule.status

    def _received(self, instance: Instance, aet: str) -> Received:
        data = io.BytesIO(instance.GetInstanceData())
        dataset = dcmread(data, force=True, stop_before_pixels=True, specific_tags=list(READ_AT_THE_DOOR))
        found = {name: as_text(dataset.get(name)).strip() for name in READ_AT_THE_DOOR}
        known = self._known(aet, found["AccessionNumber"]) if "accession-unknown" in self._rules else None
        others = self._of_others(aet, found["StudyInstanceUID"]) if "study-of-others" in self._rules else None
        return Received(attributes=found, at=self._clock.now(), accession_known=known, study_of_others=others)

    def _of_others(self, aet: str, uid: str) -> bool | None:
        """Whether a study is here and none of an institution with that AE title; None where nobody has the title.

        Asked once in five seconds of a study, not for each of its slices.
        """
        key, now = f"{aet}\0{uid}".encode(), self._monotonic()
        known = self._owned.get(key, now)
        if known is None:
            mine = {one.skrs for one in self._ledger.read(lambda tx: tx.institutions()) if aet in one.aets}
            if not mine:
                return None
            here = self._studies.belongings(self._node, uid)
            known = any(one.institutions and not mine.intersection(one.institutions) for one in here)
            self._owned.put(key, known, now + OWNED_SECONDS)
        return known

    def _known(self, aet: str, accession: str) -> bool | None:
        """Whether an institution with that AE title ordered it, or performs it; None where nobody has the title."""

        def read(tx: Transaction) -> bool | None:
            of = [one.skrs for one in tx.institutions() if aet in one.aets]
            if not of:
                return None
            if any(tx.exam(ExamKey(institution=one, accession=accession)) for one in of):
                return True
            orders = [one.order for one in tx.exams_of_accession(accession)]
            return any(one is not None and one.performing_institution in of for one in orders)

        return self._ledger.read(read)
