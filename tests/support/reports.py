"""Exams whose reports have all kinds of versions, for tests of what is made of them. Made up, every one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from gecit.core.events import RegistryAnswer
from gecit.core.exam import Exam, LinkedStudy, ReceivedReport
from gecit.core.facts import SeriesFacts, StudyFacts, StudyKey
from gecit.core.order import Person
from gecit.core.report import ReportPart, ReportStatus
from gecit.edges.report_header import template_of
from gecit.sandbox.day import INSTITUTION, RADIOLOGIST, ExamStory, exams_of_the_day

NOW = datetime(2024, 7, 1, 9, 30, tzinfo=UTC)
LETTERS = "ğüşıöç ĞÜŞİÖÇ âîû ÂÎÛ"
STORY: ExamStory = exams_of_the_day(NOW)[0]
STATUSES = {one.value: one for one in ReportStatus}
HTML = (
    "<p>Sağ akciğer üst lobda <b>12 mm</b> çapında <i>düzgün sınırlı</i> nodül &ndash; İlk kez görüldü.</p>"
    "<ul><li>Plevral sıvı yok</li><li>Kemik yapılar:<ol><li>Kırık yok</li><li>Lezyon yok</li></ol></li></ul>"
    "<table><tr><th>Lezyon</th><th>Boyut</th></tr><tr><td>S3</td><td>12 mm</td></tr></table>"
    "<script>alert('çalışmamalı')</script><style>p{color:red}</style>"
    '<img src="http://127.0.0.1:9/iz.png" alt="iz"><a href="http://127.0.0.1:9/">bağlantı</a>'
    f"<p onclick='x()'>{LETTERS}</p>"
)


def facts(name: str = "a", images: int = 3) -> StudyFacts:
    """A study of the exam as read; `name` makes its identifiers."""
    series = SeriesFacts(series_instance_uid=f"2.25.1{ord(name)}", modality="CT", instances=images, images=images)
    return StudyFacts(
        key=StudyKey(node="n", orthanc_id=name),
        study_instance_uid=f"2.25.{ord(name)}",
        accession=STORY.order.key.accession,
        patient_id=STORY.order.patient.tckn,
        patient_name="FROM^FACTS",
        study_date="20240701",
        series=(series,),
    )


def version(status: str, number: int, findings: str = "", **changes: Any) -> ReceivedReport:
    """The version sent as the `number`-th, approved an hour after the one before."""
    assert STORY.report
    report, at = STORY.report, NOW + timedelta(hours=number)
    parts = {**report.parts, ReportPart.FINDINGS: findings} if findings else report.parts
    if status == "B":
        text = findings or f"Ek {number}: önceki tetkik incelendi, lezyon değişmemiştir. {LETTERS}"
        parts = {ReportPart.FINDINGS: text}
    made = {"approved_at": at, "message_at": at, "status": STATUSES[status], "parts": parts, **changes}
    signers = made.get("radiologists", report.radiologists)
    asked = tuple(RegistryAnswer(identifier=one.identifier, known=True, radiologist=True) for one in signers)
    return ReceivedReport(report=replace(report, **made), received_at=at, message=number, registry=asked)


def exam(sent: str | Sequence[ReceivedReport] = "F", studies: Sequence[StudyFacts] = (facts(),)) -> Exam:
    """An exam with these versions, as `FCB` or made by hand, and its studies."""
    reports = tuple(version(one, number) if isinstance(one, str) else one for number, one in enumerate(sent, start=1))
    linked = tuple(LinkedStudy(facts=one, path="accession+patient-id", linked_at=NOW) for one in studies)
    return Exam(key=STORY.order.key, order=STORY.order, reports=reports, studies=linked)


NAMELESS = (Person(identifier=RADIOLOGIST.identifier),)
LONG = "\n".join(f"{number}. satır: " + "karaciğer segmentinde lezyon izlenmedi. " * 4 for number in range(1, 43))
CASES: dict[str, Exam] = {
    "final": exam("F"),
    "preliminary": exam("P"),
    "final after preliminary": exam("PF"),
    "corrected": exam("FC"),
    "corrected after an addendum": exam("FBC"),
    "addendum": exam("FB"),
    "two addenda": exam("FBB"),
    "addendum to a preliminary": exam("PB"),
    "addendum alone": exam("B"),
    "report after its addendum": exam("BF"),
    "two studies": exam("FC", (facts("a"), facts("b"))),
    "HTML": exam([version("F", 1, HTML, format="HTML")]),
    "three pages": exam([version("F", 1, LONG, contrast="IV^İyoheksol^300 mg/ml~O^Baryum sülfat")]),
    "nameless signer": exam([version("F", 1, radiologists=NAMELESS)]),
    "no signer": exam([version("F", 1, radiologists=())]),
    "no order": replace(exam("F"), order=None),
    "addendum of conclusion only": exam(["F", version("B", 2, parts={ReportPart.CONCLUSION: "Kontrol önerilir."})]),
}
"""The last version of each is the one to look at."""

TEMPLATE = template_of(
    {
        "PatientMainDicomTags": {
            "PatientID": STORY.order.patient.tckn, "PatientName": "ÖRNEKOĞLU^Şule",
            "PatientBirthDate": "19800214", "PatientSex": "F",
        },
        "MainDicomTags": {
            "StudyDate": "20240701", "StudyTime": "101500", "StudyID": "S1",
            "AccessionNumber": STORY.order.key.accession,
            "ReferringPhysicianName": "MASALCI^Gülşen", "StudyDescription": "BT, beyin",
        },
    }
)  # fmt: skip


def institution_name(skrs: str) -> str:
    """The name of the sandbox's hospital; of another nothing is known."""
    return INSTITUTION.name if skrs == INSTITUTION.skrs else ""
