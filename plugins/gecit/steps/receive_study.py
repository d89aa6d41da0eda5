"""PACS -> facts of the study -> exams: what a study says is recorded, and tied to the exams it is of.

Links are a pure function of the orders and studies that stand in the ledger, so that every order of arrival ends in
the same ones: whatever changes, each exam that the change can touch is looked at anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from ..core import matching
from ..core.events import StudyDeleted, StudyFactsRecorded, StudyLinked, StudyUnlinked
from ..core.exam import Exam, Study
from ..core.facts import StudyFacts, StudyKey
from ..core.order import ExamKey, Order
from ..ports import Institution, Transaction
from .background import ask_for_uid, tell_later

GONE = "study deleted"
NO_LONGER = "identifiers no longer match"

Links = dict[StudyKey, tuple[StudyFacts, str]]


def receive_study(
    tx: Transaction,
    facts: StudyFacts,
    institutions: Sequence[Institution],
    now: datetime,
    settle: timedelta,
    group_minutes: int,
    default_institution: str = "",
) -> StudyFacts:
    """Record a study as just read, tie it to its exams and return it as recorded.

    `settle`: how long nothing must have arrived; `group_minutes`: the 40-minute rule. The same instances sent again
    change nothing; neither they nor a document (our own report among them) unsettle the study. Who sent it first keeps
    it while it stands.
    """
    before = tx.study(facts.key)
    standing = before.facts if before and not before.deleted else None
    facts = _as_first_sent(facts, standing) if standing else facts
    sender = facts.institution or sender_of(facts, institutions) or default_institution
    read = msgspec.structs.replace(facts, institution=sender, settled=_settled(facts, now, settle))
    if before and not before.deleted and before.facts.settled and _evidence(before.facts) == _evidence(read):
        read = msgspec.structs.replace(read, settled=True)
    if before and not before.deleted and _says_nothing_new(before.facts, read):
        return before.facts
    touched = _exams_touched(tx, before.facts, group_minutes) if before else set()
    tx.append(StudyFactsRecorded(at=now, study=read.key, facts=read))
    _relink_all(tx, touched | _exams_touched(tx, read, group_minutes), now, group_minutes)
    ask_for_uid(tx, before.facts if before and not before.deleted else None, read, now)
    return read


def link_exam(tx: Transaction, exam_key: ExamKey, now: datetime, group_minutes: int) -> None:
    """Tie an exam whose order has just changed to the studies that stand there already, its siblings likewise."""
    exam = tx.exam(exam_key)
    if exam is None:
        return
    touched = {exam_key} | _group(tx, exam, group_minutes)
    for linked in exam.studies:  # whoever shared them by what the order said before
        touched |= {other.key for other in tx.exams_of_study(linked.facts.key)}
    _relink_all(tx, touched, now, group_minutes)


def forget_study(tx: Transaction, key: StudyKey, now: datetime, group_minutes: int, reason: str = GONE) -> None:
    """Record that a study is no longer in the index; its exams lose it, and no notification is undone by it."""
    study = tx.study(key)
    if study is None or study.deleted:
        return
    touched = _exams_touched(tx, study.facts, group_minutes)
    tx.append(StudyDeleted(at=now, study=key, reason=reason))
    _relink_all(tx, touched, now, group_minutes)
    ask_for_uid(tx, study.facts, None, now)


def _as_first_sent(facts: StudyFacts, standing: StudyFacts) -> StudyFacts:
    """Return facts as of the sender on record: whoever adds instances to a study that stands takes it from nobody.

    A sender who was unknown becomes known by what he was recorded with only: a title or a name that is given an
    institution later, or a name that his own instances say later.
    """
    same = facts.calling_aet == standing.calling_aet
    return msgspec.structs.replace(
        facts,
        institution=standing.institution,
        calling_aet=standing.calling_aet,
        institution_name=standing.institution_name or (facts.institution_name if same else ""),
    )


def sender_of(facts: StudyFacts, institutions: Sequence[Institution]) -> str:
    """Return the SKRS code of who sent the study: by calling AE title, else by (0008,0080); empty = unknown."""
    by_aet = {one.skrs for one in institutions if facts.calling_aet and facts.calling_aet in one.aets}
    named = skrs_of(facts.institution_name)
    if len(by_aet) == 1:
        return by_aet.pop()
    return named if not by_aet or named in by_aet else ""


def skrs_of(institution_name: str) -> str:
    """Return the SKRS code in an InstitutionName of the form `Name^^^SKRS<code>^^^FK<firm>`; empty without one."""
    found = re.search(r"\^SKRS([^^]+)", institution_name)
    return found.group(1).strip() if found else ""


def _settled(facts: StudyFacts, now: datetime, settle: timedelta) -> bool:
    return facts.last_instance_at is None or now - facts.last_instance_at >= settle


def _says_nothing_new(before: StudyFacts, read: StudyFacts) -> bool:
    if before == read:
        return True
    same = msgspec.structs.replace(read, last_instance_at=before.last_instance_at, settled=before.settled)
    return before.settled and before == same


def _evidence(facts: StudyFacts) -> tuple[object, ...]:
    """What a verdict can rest on: pictures and structured reports, not documents, nor reports that we attached.

    Without what hints alone rest on: older records lack it, and reading it anew unsettles nothing.
    """
    evidence = (one for one in facts.series if one.images or (one.modality == "SR" and not one.ours))
    return tuple(msgspec.structs.replace(one, details=None) for one in evidence), facts.dose_reports


def _exams_touched(tx: Transaction, facts: StudyFacts, group_minutes: int) -> set[ExamKey]:
    """Every exam whose links may depend on this study."""
    exams = {exam.key: exam for exam in tx.exams_of_study(facts.key)}
    if facts.accession:
        exams |= {exam.key: exam for exam in tx.exams_of_accession(facts.accession)}
    if facts.dose_reports:
        exams |= {exam.key: exam for exam in _exams_by_patient(tx, facts)}
    siblings = (_group(tx, exam, group_minutes) for exam in exams.values())
    return set(exams).union(*siblings)


def _exams_by_patient(tx: Transaction, facts: StudyFacts) -> Iterable[Exam]:
    numbers = sorted(matching.identifiers(facts))
    for number in numbers:
        yield from tx.exams_of_patient(number, facts.institution, number)
    together = tx.studies_of_patient(numbers) if numbers else []
    for study in (*together, *tx.study_by_uid(facts.study_instance_uid)):
        yield from tx.exams_of_study(study.key)


def _group(tx: Transaction, exam: Exam, group_minutes: int) -> set[ExamKey]:
    """The exams that may share an acquisition with this one (guide 5.4)."""
    order = exam.order
    if order is None or not order.patient.tckn:
        return set()
    others = (one.order for one in tx.exams_of_patient(order.patient.tckn, order.key.institution, ""))
    return {one.key for one in others if one and matching.same_acquisition(order, one, group_minutes)}


def _relink_all(tx: Transaction, keys: Iterable[ExamKey], now: datetime, group_minutes: int) -> None:
    ordered = sorted(keys)
    tx.prefetch(ordered)  # and locked in one order, so that two writers never wait for each other
    linker = _Linker(tx, group_minutes)
    for key in ordered:
        exam = tx.exam(key)
        if exam is not None:
            _relink(tx, exam, linker.links(exam.order) if exam.order else {}, now)
            tell_later(tx, exam, key, now)


def _relink(tx: Transaction, exam: Exam, wanted: Links, now: datetime) -> None:
    standing = {one.facts.key: (one.facts, one.path) for one in exam.studies}
    for key in sorted(standing.keys() - wanted.keys()):
        study = tx.study(key)
        reason = NO_LONGER if study and not study.deleted else GONE
        tx.append(StudyUnlinked(at=now, exam=exam.key, study=key, reason=reason))
    for key in sorted(wanted):
        if standing.get(key) != wanted[key]:
            facts, path = wanted[key]
            tx.append(StudyLinked(at=now, exam=exam.key, facts=facts, path=path))


class _Linker:
    """Works links out; while it lives no order and no study changes, so each question is asked of the ledger once.

    Otherwise one patient with many orders in one acquisition would cost the square of their number.
    """

    def __init__(self, tx: Transaction, group_minutes: int) -> None:
        self._tx, self._minutes = tx, group_minutes
        self._by_accession: dict[str, list[Study]] = {}
        self._by_patient: dict[tuple[str, ...], list[Study]] = {}
        self._shared: dict[tuple[str, str], list[tuple[Order, Links]]] = {}

    def links(self, order: Order) -> Links:
        """Return the studies of an order's exam: its own, else its siblings', and dose reports that stand apart."""
        links = self._own(order)
        if not any(facts.images for facts, _ in links.values()):
            links = self._siblings(order) | links
        return links | self._dose(order, links)

    def _own(self, order: Order) -> Links:
        found = [study.facts for study in self._studies_of(order.key.accession)]
        paths = ((facts, matching.match(facts, order)) for facts in found)
        return {facts.key: (facts, path) for facts, path in paths if path}

    def _siblings(self, order: Order) -> Links:
        """What one acquisition made for several orders: only an exam without pictures of its own takes part in it."""
        links: Links = {}
        for other, own in self._with_studies(order.patient.tckn, order.key.institution):
            if matching.same_acquisition(order, other, self._minutes):
                links |= {key: (facts, matching.ACQUISITION_GROUP) for key, (facts, _) in own.items()}
        return links

    def _dose(self, order: Order, links: Links) -> Links:
        pictures = [facts for facts, _ in links.values() if facts.images]
        found = self._dose_candidates(order, pictures)
        paths = ((facts, matching.dose_path(facts, order, pictures)) for facts in found)
        return {facts.key: (facts, path) for facts, path in paths if path and facts.key not in links}

    def _dose_candidates(self, order: Order, pictures: Sequence[StudyFacts]) -> list[StudyFacts]:
        numbers = {order.patient.tckn, order.patient.file_number}.union(*map(matching.identifiers, pictures)) - {""}
        found = [*self._studies_of(order.key.accession), *self._studies_of_patient(tuple(sorted(numbers)))]
        for one in pictures:
            found += self._tx.study_by_uid(one.study_instance_uid)
        return list({study.key: study.facts for study in found if matching.dose_only(study.facts)}.values())

    def _studies_of(self, accession: str) -> list[Study]:
        if accession not in self._by_accession:
            self._by_accession[accession] = self._tx.studies_of_accession(accession)
        return self._by_accession[accession]

    def _studies_of_patient(self, numbers: tuple[str, ...]) -> list[Study]:
        if numbers and numbers not in self._by_patient:
            self._by_patient[numbers] = self._tx.studies_of_patient(numbers)
        return self._by_patient.get(numbers, [])

    def _with_studies(self, tckn: str, institution: str) -> list[tuple[Order, Links]]:
        """The patient's orders in one institution that were not cancelled and have studies of their own."""
        patient = (tckn, institution)
        if tckn and patient not in self._shared:
            exams = self._tx.exams_of_patient(tckn, institution, "")
            orders = [one.order for one in exams if one.order and not one.cancelled]
            self._shared[patient] = [(one, own) for one in orders if (own := self._own(one))]
        return self._shared.get(patient, [])
