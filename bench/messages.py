"""A day's HL7: orders and reports of a hospital as large as the field's own messages are, made of two templates.

Everyone in them is made up. A template is built once, since building each message would take longer than its reading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from gecit.core.order import Control, ExamKey, Order, Patient
from gecit.core.report import Report, ReportPart, ReportStatus
from gecit.edges import hl7_build
from gecit.sandbox.day import INSTITUTION, PHYSICIAN, PROCEDURES, RADIOLOGIST

from .corpus import tckn

ACCESSION, NUMBER, FILE, CONTROL = b"EMSALNUMARA", b"10000000146", b"EMSALDOSYA", b"EMSALMESAJ"
"""What distinguishes messages, as it stands in the templates."""

NOTES = (  # NTE segments of the Ministry's layout: complaint, history, symptom, treatment
    "NTE|1||NTE0001^Üç gündür süren baş ağrısı; sabahları artıyor^TELETIP",
    "NTE|2||NTE0002^Bilinen hipertansiyon; bir yıl önce geçirilmiş düşme öyküsü^TELETIP",
    "NTE|3||NTE0003^Bulantı var, kusma yok; bilinç açık, koopere^TELETIP",
    "NTE|4||NTE0004^Ağrı kesici kullanıyor, kan sulandırıcı kullanmıyor^TELETIP",
)
FINDINGS = (
    "Ventriküler sistem ve bazal sisternaların genişliği yaşla uyumludur. Orta hat yapıları yerindedir.\n"
    "Serebral ve serebellar hemisferlerde kanama, kitle ya da akut iskemi bulgusu izlenmedi.\n"
    "Her iki maksiller sinüste, duvara uyan ince mukozal kalınlaşma vardır; hava-sıvı düzeyi seçilmedi.\n"
    "Mastoid hücreler havalıdır. Kemik pencerede kırık hattı, litik ya da sklerotik lezyon izlenmedi.\n"
    "Orbita içi yapılar olağandır. Skalpta hematom ya da yabancı cisim görünümü yoktur.\n"
)
PARTS = {
    ReportPart.TECHNIQUE: "Kontrastsız beyin BT incelemesi 1,5 mm kesit kalınlığında, üç düzlemde yapılmıştır.",
    ReportPart.COMPARISON: "Karşılaştırılacak önceki inceleme bulunmamaktadır.",
    ReportPart.FINDINGS: FINDINGS * 2,
    ReportPart.CONCLUSION: "Akut intrakraniyal patoloji saptanmadı. Klinikle birlikte değerlendirilmesi önerilir.",
}


def own_patient(number: int) -> int:
    """Return the number of a patient who has that exam alone."""
    return 100_000_000 + number


def pairs(count: int, first: int = 0, patient: Callable[[int], int] = own_patient) -> Iterator[tuple[bytes, bytes]]:
    """Yield the order and the report of `count` exams; `first` numbers them, `patient` says whose each is."""
    order, report = _templates(datetime.now(UTC))
    for number in range(first, first + count):
        whose = tckn(patient(number)).encode()
        yield _numbered(order, number, b"O", whose), _numbered(report, number, b"R", whose)


def _numbered(template: bytes, number: int, kind: bytes, whose: bytes) -> bytes:
    made = template.replace(ACCESSION, b"E%010d" % number).replace(NUMBER, whose)
    return made.replace(FILE, b"D%09d" % number).replace(CONTROL, b"%s%09d" % (kind, number))


def _templates(now: datetime) -> tuple[bytes, bytes]:
    key = ExamKey(institution=INSTITUTION.skrs, accession=ACCESSION.decode())
    patient = Patient(
        tckn=NUMBER.decode(), file_number=FILE.decode(), family="KURGU", given="Gülşen Işıl",
        birth_date="19610419", sex="F",
    )  # fmt: skip
    procedures = (PROCEDURES["DX"],)
    order = Order(
        key=key, control=Control.NEW, patient=patient, procedures=procedures, ordered_at=now, message_at=now,
        scheduled_at=now, modality="DX", physician=PHYSICIAN, department="1500^Nöroloji", admission="BSV0000001",
        tracking_number="1ABCDEF2345678", reference="REF0000001", diagnoses=("R51", "I10"),
        clinical_information="Baş ağrısı ve bulantı; kanama ekartasyonu",
    )  # fmt: skip
    report = Report(
        key=key, patient=patient, status=ReportStatus.FINAL, parts=PARTS, radiologists=(RADIOLOGIST,), approved_at=now,
        message_at=now, procedures=procedures, modality="DX", request_reason_rating=4, image_quality_rating=5,
    )  # fmt: skip
    envelope = hl7_build.Envelope(control_id=CONTROL.decode(), facility="KURGUFIRMA")
    noted = hl7_build.order_message(order, envelope) + "".join(f"{one}\r" for one in NOTES).encode()
    return noted, hl7_build.report_message(report, envelope)
