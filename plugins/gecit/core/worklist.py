"""The modality worklist: what an order becomes on a modality's screen (PS3.4 annex K)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID, uuid5

from .exam import Exam
from .facts import StudyFacts
from .order import ExamKey, Order, Person, Procedure
from .values import Value, local

STEP = "ScheduledProcedureStepSequence"
UID_ROOT = "2.25."  # PS3.5 B.2
UID_NAMESPACE = UUID("8f0a5f0e-6d0d-5b65-9b3c-2d1e6a7c4b10")  # ours; another one would give every exam another UID
SUT, LOINC = "99SUT", "LN"  # coding scheme designators: SUT has no registered one, LN stands in PS3.16 table 8-1
SHORT, LONG = 16, 64  # characters of the value representations SH and LO (PS3.5 6.2)
SEXES = {"M": "M", "F": "F", "O": "O", "E": "M", "K": "F"}  # HL7 table 0001, and Turkish initials some HBYS send

Codes = tuple[tuple[str, str, str], ...]
"""Items of a code sequence: value, scheme, meaning."""


class Entry(Value):
    """One scheduled procedure step: an order that waits for its images."""

    order: Order
    scheduled_at: datetime  # OBR-36, else the order's date, else its receipt

    @property
    def performer(self) -> str:
        """The SKRS code of the institution whose modalities do it: OBR-15, else who ordered."""
        return self.order.performing_institution or self.order.key.institution

    @property
    def study_instance_uid(self) -> str:
        """The UID that the study is to carry; the same for the same exam on every node and after every rebuild."""
        return study_uid(self.order.key)


class Asking(Value):
    """Who asks, and what the site chose."""

    aet: str
    asked_station: str = ""  # the query's ScheduledStationAETitle
    stations: tuple[str, ...] = ()  # of the institution for the entry's modality; () = any of them may do it
    institution_name: str = ""
    nameless: bool = False  # the TCKN is a stand-in that many share
    by_file_number: bool = False  # PatientID is the file number, OtherPatientIDs the TCKN; else the other way round


def study_uid(key: ExamKey) -> str:
    """Return the Study Instance UID of an exam: 2.25 and a UUID (PS3.5 B.2) of version 5."""
    return f"{UID_ROOT}{uuid5(UID_NAMESPACE, str(key)).int}"


def may_find(study: StudyFacts, institution: str) -> bool:
    """Whether an institution that sent a study, or an exam of which has it, may find it by C-FIND.

    Its own, and nobody's. Another sender's only where the sender made it for this institution and says so: it carries
    the UID that its modality was given with this institution's order in the worklist. An order that names the sender
    (OBR-15) is the asker's word, and the accession number in the study is the sender's own.
    """
    if study.institution in ("", institution):
        return True
    return study.study_instance_uid == study_uid(ExamKey(institution=institution, accession=study.accession))


def entry_of(exam: Exam) -> Entry | None:
    """Return an exam's entry; None without an order, for a cancelled one, and for one that is done.

    Done: pictures have come and nothing more of them is arriving, or a report stands. No MPPS says so (it is not there
    in Orthanc), so the study's arrival completes the step.
    """
    order = exam.order
    if order is None or exam.cancelled or exam.report is not None or _pictures_are_in(exam):
        return None
    at = order.scheduled_at or order.ordered_at or order.message_at or exam.order_received_at
    return Entry(order=order, scheduled_at=local(at)) if at else None


def _pictures_are_in(exam: Exam) -> bool:
    return any(one.facts.images and one.facts.settled for one in exam.studies)


def attributes(entry: Entry, asking: Asking) -> dict[str, str]:
    """Return every attribute with text in it, by keyword; those of the step behind its sequence's keyword and a dot."""
    order, patient = entry.order, entry.order.patient
    tckn = "" if asking.nameless else patient.tckn
    ids = (patient.file_number, tckn) if asking.by_file_number else (tckn, patient.file_number)
    named = [one for one in ids if one]
    identifier, title = step_id(order.key), description(order.procedures)
    return {
        "PatientName": name_of(patient.family, patient.given),
        "PatientID": named[0] if named else "",
        "OtherPatientIDs": "\\".join(named[1:]),
        "PatientBirthDate": patient.birth_date[:8],
        "PatientSex": SEXES.get(patient.sex.upper(), ""),
        "AccessionNumber": order.key.accession,
        "StudyInstanceUID": entry.study_instance_uid,
        "RequestedProcedureID": identifier,
        "RequestedProcedureDescription": title,
        "ReferringPhysicianName": _person(order.physician),
        "RequestingPhysician": _person(order.physician),
        "RequestingService": order.department[:LONG],
        "AdmissionID": order.admission[:LONG],
        "ReasonForTheRequestedProcedure": order.clinical_information[:LONG],
        "InstitutionName": asking.institution_name[:LONG],
        **_step(entry, asking, identifier, title),
    }


def _step(entry: Entry, asking: Asking, identifier: str, title: str) -> Mapping[str, str]:
    at = local(entry.scheduled_at)
    return {
        f"{STEP}.{name}": value
        for name, value in (
            ("Modality", entry.order.modality),
            ("ScheduledStationAETitle", station(asking)),
            ("ScheduledProcedureStepStartDate", f"{at:%Y%m%d}"),
            ("ScheduledProcedureStepStartTime", f"{at:%H%M%S}"),
            ("ScheduledPerformingPhysicianName", ""),
            ("ScheduledProcedureStepDescription", title),
            ("ScheduledProcedureStepID", identifier),
            ("ScheduledProcedureStepStatus", "SCHEDULED"),
        )
    }


def station(asking: Asking) -> str:
    """Return ScheduledStationAETitle: the stations named for the modality, else whichever station is asked for."""
    if asking.stations:
        return "\\".join(asking.stations)
    asked = asking.asked_station
    return asked if asked and not set(asked) & set("*?\\") else asking.aet


def requested_code(order: Order) -> Codes:
    """Return RequestedProcedureCodeSequence: one item (PS3.4 table K.6-1), the first procedure's SUT, else LOINC."""
    return protocol_codes(order)[:1]


def protocol_codes(order: Order) -> Codes:
    """Return ScheduledProtocolCodeSequence: SUT and LOINC of every procedure."""
    found = (
        item
        for one in order.procedures
        for item in ((one.sut, SUT, one.sut_name), (one.loinc, LOINC, one.loinc_name or one.sut_name))
    )
    return tuple((code[:SHORT], scheme, (meaning or code)[:LONG]) for code, scheme, meaning in found if code)


def description(procedures: Iterable[Procedure]) -> str:
    """Return the names of the procedures, cut to what an LO holds."""
    names = (one.sut_name or one.loinc_name or one.sut or one.loinc for one in procedures)
    return " + ".join(name for name in names if name)[:LONG]


def step_id(key: ExamKey) -> str:
    """Return the accession number, or a digest of the key where an SH cannot hold it."""
    return key.accession if len(key.accession) <= SHORT else hashlib.sha256(str(key).encode()).hexdigest()[:SHORT]


def name_of(family: str, given: str) -> str:
    """Write a PN (PS3.5 6.2.1); delimiters inside a name become blanks."""
    parts = (part.translate(str.maketrans("^=\\", "   ")).strip() for part in (family, given))
    return "^".join(parts).rstrip("^")[:LONG]


def _person(person: Person) -> str:
    return name_of(person.family, person.given)
