"""Whose a study is: the institution that sent it or whose exam has it, and the patient."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from .access import Action, Person, may_with
from .exam import Study
from .identifiers import is_tckn
from .order import ExamKey
from .values import Value
from .worklist import may_find


class Tie(Value):
    """An exam that a study is linked to, as far as it says whose the study is."""

    exam: ExamKey
    tckn: str = ""  # of the exam's patient


class Belonging(Value):
    """Whose a study is; all empty: nobody's that is known."""

    institutions: tuple[str, ...] = ()  # SKRS codes
    patients: tuple[str, ...] = ()  # TCKNs
    exams: tuple[ExamKey, ...] = ()  # those that have it
    sent: tuple[str, ...] = ()  # Series Instance UIDs known of it, without the documents that Geçit attached


def belonging(study: Study, ties: Iterable[Tie]) -> Belonging:
    """Say whose a study is, by the same rule as C-FIND (`worklist.may_find`).

    The patient is who the sender wrote, where that is a TCKN, and who the order of a counted exam is for.
    """
    facts = study.facts
    counted = [one for one in ties if may_find(facts, one.exam.institution)]
    institutions = {facts.institution, *(one.exam.institution for one in counted)} - {""}
    written = {one for one in (facts.patient_id, *facts.other_patient_ids) if is_tckn(one)}
    patients = written | {one.tckn for one in counted if one.tckn}
    exams = {one.exam for one in counted}
    return Belonging(
        institutions=tuple(sorted(institutions)),
        patients=tuple(sorted(patients)),
        exams=tuple(sorted(exams)),
        sent=tuple(sorted(one.series_instance_uid for one in facts.series if not one.ours)),
    )


def may_reach(person: Person, action: Action, whose: Belonging) -> bool:
    """Whether a person may do it with a study."""
    return any(may_with(person, action, whose.institutions, tckn, whose.exams) for tckn in whose.patients or ("",))


def from_outside(person: Person, action: Action, whose: Belonging) -> bool:
    """Whether a person may do it only because the study is of himself, or was opened to him.

    What was sent is for him then. Geçit attaches every version of a report, preliminary and superseded ones too: those
    are for who treats the patient, and whoever is outside reads the final one on a page.
    """
    by_work = msgspec.structs.replace(person, tckn="", disclosed=(), disclosed_patients=())
    return not may_reach(by_work, action, whose)


def may_reach_all(person: Person, action: Action, studies: Iterable[Belonging]) -> bool:
    """Whether a person may do it with whatever a Study Instance UID names.

    Orthanc keeps two studies under one UID where their PatientIDs differ, and a request by UID may be answered out of
    either: somebody else's among them closes the door, and so does none that is known.
    """
    found = list(studies)
    return bool(found) and all(may_reach(person, action, one) for one in found)
