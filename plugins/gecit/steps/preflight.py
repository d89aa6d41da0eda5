"""A hospital's own check before it sends: what the verdict of an exam means while only some of its pieces are at hand.

Everything is received and judged by the same steps as on a node. What only a node can know is supposed, and said so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from enum import StrEnum

import msgspec

from ..core.background import DuplicateQuery
from ..core.dates import date_of
from ..core.events import DuplicateQueried, RegistryAnswer
from ..core.exam import Exam, LinkedStudy
from ..core.facts import StudyFacts
from ..core.judge import judge
from ..core.matching import PATIENT_ID, identifiers
from ..core.order import Control, ExamKey, Order, Patient
from ..core.rulebook import Rulebook
from ..core.values import Text, Value
from ..core.verdict import Effect, Finding, Status, Verdict
from ..ports import Transaction
from .receive_message import Judging

ORDER, IMAGES, REPORT = "order", "images", "report"
PIECES: dict[str, str] = {
    "has_order": ORDER,
    "order_is_active": ORDER,
    "has_images": IMAGES,
    "images_match_order": IMAGES,
    "has_dose_report": IMAGES,
    "has_report": REPORT,
    "signed_by_radiologist": REPORT,
}
"""Check -> the piece of an exam that it looks for."""

REGISTRY, QUERY, OTHERS = "signed_by_radiologist", "duplicate_queried", "no_earlier_exam"
OFFLINE: dict[str, Text] = {
    REGISTRY: Text(
        tr="Hekim kaydı çevrimdışı sorulamaz; imzalayan radyolog sayıldı (--registry ile liste verin).",
        en="The registry cannot be asked offline; the signer is taken for a radiologist (give a list with --registry).",
    ),
    QUERY: Text(
        tr="Mükerrer sorgu yapılıp yapılmadığı çevrimdışı bilinemez; yapılmış sayıldı (--queried bunu doğrular).",
        en="Whether the duplicate query was made cannot be told offline; it is supposed (--queried says that it was).",
    ),
    OTHERS: Text(
        tr="Başka tetkikler çevrimdışı bilinemez; yalnızca buradaki dosyalara bakıldı.",
        en="Other exams cannot be known offline; only the files given here were looked at.",
    ),
    "uid_unique": Text(
        tr="Başka çalışmalar çevrimdışı bilinemez; yalnızca buradaki dosyalara bakıldı.",
        en="Other studies cannot be known offline; only the files given here were looked at.",
    ),
}
"""Checks whose good answer rests on what only a node can know."""

NOT_GIVEN: dict[str, Text] = {
    ORDER: Text(tr="İstem dosyalar arasında yok.", en="The order is not among the files."),
    IMAGES: Text(tr="Görüntüler dosyalar arasında yok.", en="The images are not among the files."),
    REPORT: Text(tr="Rapor dosyalar arasında yok.", en="The report is not among the files."),
}


NO_MODALITY = Text(
    tr="OBR-24 (yöntem) dosyada boş; kuralın bu tetkiki kapsayıp kapsamadığı bilinemez. HBYS doldurmalıdır.",
    en="OBR-24 (modality) is empty in the file, so whether the rule means this exam cannot be told; HBYS must fill it.",
)
NO_SUT = Text(
    tr="OBR-4.1 (SUT kodu) dosyada boş; kuralın bu tetkiki kapsayıp kapsamadığı bilinemez. HBYS doldurmalıdır.",
    en="OBR-4.1 (SUT code) is empty in the file, so whether the rule means the exam cannot be told; HBYS must fill it.",
)


class Meaning(StrEnum):
    """What a finding means to who checks files before sending them."""

    MEND = "mend"  # wrong in what was given
    WARN = "warn"  # wrong, and holds nothing
    MISSING = "missing"  # of a piece that was not given
    OFFLINE = "offline"  # cannot be told offline; the good case was supposed
    OPEN = "open"  # cannot be told yet, for another reason
    FINE = "fine"


class Said(Value):
    """A finding with its meaning, and a word on it where there is one."""

    finding: Finding
    meaning: Meaning
    note: Text | None = None


class SupposedRegistry:
    """Takes every signer for a radiologist; implements `ports.Registry` where none can be asked."""

    def look_up(self, identifier: str) -> RegistryAnswer:
        """Say that it is one."""
        return RegistryAnswer(identifier=identifier, known=True, radiologist=True, source="supposed")


def suppose_queries(tx: Transaction, orders: Iterable[Order], now: datetime) -> None:
    """Record, for every order, a duplicate query at the order's own instant, which found nothing."""
    for number, order in enumerate(orders, start=1):
        query = DuplicateQuery(
            id=f"supposed-{number}",
            at=order.ordered_at or now,
            institution=order.key.institution,
            tckn=order.patient.tckn,
            sut=tuple(one.sut for one in order.procedures),
            physician=order.physician.identifier,
        )
        tx.append(DuplicateQueried(at=now, query=query))


def explain(
    verdict: Verdict, rulebook: Rulebook, given: Collection[str], known: Collection[str], order: Order | None = None
) -> tuple[Said, ...]:
    """Say what each finding means; `given`: the pieces at hand, `known`: checks of `OFFLINE` that can be answered.

    What stays open because a field of the `order` is empty is to be mended: the file itself should have had it.
    """
    said = (_said(one, _checks(rulebook, one.rule), given, known) for one in verdict.findings)
    return tuple(_emptied(one, order, rulebook) if order else one for one in said)


def _emptied(said: Said, order: Order, rulebook: Rulebook) -> Said:
    if said.meaning is not Meaning.OPEN:
        return said
    scopes = [one.applies for one in rulebook.rule(said.finding.rule).editions]
    note = None
    if not order.modality and any(one.modality or one.not_modality for one in scopes):
        note = NO_MODALITY
    elif not all(one.sut for one in order.procedures) and any(one.sut or one.not_sut for one in scopes):
        note = NO_SUT
    return msgspec.structs.replace(said, meaning=Meaning.MEND, note=note) if note else said


def _checks(rulebook: Rulebook, rule: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.check for one in rulebook.rule(rule).editions))


def _said(finding: Finding, checks: Collection[str], given: Collection[str], known: Collection[str]) -> Said:
    needed = [PIECES[one] for one in checks if one in PIECES]
    if finding.status is Status.CANNOT_TELL:  # most dates are the order's
        needed.append(ORDER)
    absent = next((one for one in needed if one not in given), "")
    supposed = next((one for one in checks if one in OFFLINE and one not in known), "")
    match finding.status:
        case Status.PASSED if supposed:
            return Said(finding=finding, meaning=Meaning.OFFLINE, note=OFFLINE[supposed])
        case Status.PASSED | Status.EXCUSED | Status.NOT_IN_FORCE:
            return Said(finding=finding, meaning=Meaning.FINE)
        case _ if absent:
            return Said(finding=finding, meaning=Meaning.MISSING, note=NOT_GIVEN[absent])
        case Status.FAILED:
            meaning = Meaning.WARN if finding.effect is Effect.WARN else Meaning.MEND
            return Said(finding=finding, meaning=meaning)
    return Said(finding=finding, meaning=Meaning.OPEN)


def images_alone(facts: StudyFacts, judging: Judging, now: datetime, known: Collection[str]) -> tuple[Said, ...]:
    """Say what images without an order would be held for, had they one of their own date and patient."""
    key = ExamKey(institution=facts.institution or "?", accession=facts.accession or "?")
    study = LinkedStudy(facts=facts, path=PATIENT_ID, linked_at=now)
    performed = date_of(Exam(key=key, studies=(study,)), "performed_date", now)
    patient = Patient(tckn=min(identifiers(facts), default=""))
    order = Order(
        key=key, control=Control.NEW, patient=patient, procedures=(), ordered_at=performed or now, modality=""
    )
    exam = Exam(key=key, order=order, order_received_at=now, order_changed_at=now, studies=(study,))
    verdict = judge(exam, judging.rulebook, judging.context, judged_at=now, known_at=now)
    said = explain(verdict, judging.rulebook, {ORDER, IMAGES}, known)
    return tuple(one for one in said if one.meaning is Meaning.MEND and one.finding.who in ("modality", "PACS"))
