"""The checks that rules name: each looks at one exam and answers passed, failed or cannot tell; none knows a date."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import msgspec

from . import identifiers
from .events import RegistryAnswer
from .exam import Exam, LinkedStudy, ReceivedReport
from .identifiers import IdentifierPolicy, Kind, masked
from .order import Procedure
from .report import ReportStatus
from .rulebook import Param
from .values import Text, Value, local
from .verdict import Status

Params = Mapping[str, Param]


class Context(Value):
    """What judging needs beside the exam and the rulebook: the site's choices and the code lists."""

    policy: IdentifierPolicy = IdentifierPolicy()
    loinc_codes: frozenset[str] | None = None  # the codes of the imported list; None = no list
    codes: str = ""  # revision of the code lists, kept in the verdict
    recheck: timedelta = timedelta(hours=24)  # when a pending exam is looked at again


class Answer(Value):
    """What a check says; `expected`, `found` and `where` are shown to the sender."""

    status: Status  # PASSED | FAILED | CANNOT_TELL
    reason: Text | None = None
    expected: str = ""
    found: str = ""
    where: str = ""  # overrides the rule's
    recheck_at: datetime | None = None


class Check(Value):
    """A check as the table has it: `params` are its defaults, whose types a rule file must keep; `cites` is why."""

    run: Callable[[Exam, Context, Params], Answer]
    cites: str
    params: dict[str, Param] = msgspec.field(default_factory=dict)


def passed(found: str = "") -> Answer:
    """The exam has what is asked."""
    return Answer(status=Status.PASSED, found=found)


def failed(tr: str, en: str, *, expected: str = "", found: str = "", where: str = "") -> Answer:
    """The exam lacks it, or has it wrong."""
    return Answer(status=Status.FAILED, reason=Text(tr=tr, en=en), expected=expected, found=found, where=where)


def unknown(tr: str, en: str, *, found: str = "", recheck_at: datetime | None = None) -> Answer:
    """It cannot be told yet."""
    return Answer(status=Status.CANNOT_TELL, reason=Text(tr=tr, en=en), found=found, recheck_at=recheck_at)


def _no_order() -> Answer:
    return unknown("İstem mesajı henüz alınmadı.", "No order message has been received yet.")


def has_order(exam: Exam, context: Context, params: Params) -> Answer:
    """An ORM^O01 for the exam was accepted."""
    if exam.order is None:
        return failed(
            "Bu tetkik için istem mesajı (ORM) alınmadı.", "No order message (ORM) was received for this exam."
        )
    return passed(exam.order.control.value)


def order_is_active(exam: Exam, context: Context, params: Params) -> Answer:
    """The last order message did not cancel the order."""
    if exam.order is None:
        return _no_order()
    if exam.cancelled:
        return failed("İstem iptal edildi.", "The order was cancelled.", expected="NW, XO", found="CA")
    return passed(exam.order.control.value)


def patient_identifier_valid(exam: Exam, context: Context, params: Params) -> Answer:
    """The patient's number is a valid TCKN or 99... number, or a case that the site accepts."""
    if exam.order is None and exam.report is None:
        return _no_order()
    patient = exam.patient
    ordered = exam.order.ordered_at if exam.order else None
    moment = ordered or exam.order_received_at or (exam.report.received_at if exam.report else None)
    age = identifiers.age_in_days(patient.birth_date, local(moment).date()) if moment else None
    kind = identifiers.classify(patient.tckn, context.policy, age_days=age)
    if identifiers.accepts(kind, context.policy, file_number=patient.file_number):
        return passed(kind.value)
    tr, en = _IDENTIFIER_FAULTS[kind]
    return failed(tr, en, expected="TCKN | 99...", found=masked(patient.tckn))


_IDENTIFIER_FAULTS = {
    Kind.MISSING: ("Hasta kimlik numarası boş.", "The patient's identity number is empty."),
    Kind.INVALID: ("Hasta kimlik numarası geçerli değil.", "The patient's identity number is not valid."),
    Kind.FOREIGN: ("Hasta kimlik numarası geçerli değil.", "The patient's identity number is not valid."),
    Kind.NEWBORN: (
        "Kimlik numarası olmayan yenidoğan, bu kurulumda kabul edilmiyor ya da dosya numarası boş.",
        "A newborn without a number is not accepted by this installation, or the file number is empty.",
    ),
    Kind.NAMELESS: (
        "Kimliği belirsiz hasta, bu kurulumda kabul edilmiyor ya da dosya numarası boş.",
        "A patient without identity is not accepted by this installation, or the file number is empty.",
    ),
}


def has_loinc(exam: Exam, context: Context, params: Params) -> Answer:
    """Every procedure of the order names a LOINC code; stricter readings are switched on by parameters."""
    if exam.order is None:
        return _no_order()
    faults = [(one, _loinc_fault(one, context, params)) for one in exam.order.procedures or (Procedure(),)]
    for procedure, fault in faults:
        if fault:
            name = procedure.sut or "-"
            return failed(
                f"{fault.tr} (SUT {name}).",
                f"{fault.en} (SUT {name}).",
                expected="LOINC^...^LNC",
                found=procedure.loinc,
            )
    return passed(", ".join(one.loinc for one in exam.order.procedures))


def _loinc_fault(procedure: Procedure, context: Context, params: Params) -> Text | None:
    if not procedure.loinc:
        return Text(tr="İstemde LOINC kodu yok", en="The order has no LOINC code")
    if params["check_digit"] and not identifiers.is_loinc(procedure.loinc):
        return Text(tr="LOINC kodunun kontrol basamağı yanlış", en="The LOINC code's check digit is wrong")
    if params["listed"] and context.loinc_codes is not None and procedure.loinc not in context.loinc_codes:
        return Text(tr="LOINC kodu yayımlanan listede yok", en="The LOINC code is not in the published list")
    return None


def has_images(exam: Exam, context: Context, params: Params) -> Answer:
    """Enough pictures are linked to the exam."""
    least = int(str(params["minimum"]))
    if exam.images >= least:
        return passed(str(exam.images))
    if exam.images and exam.unsettled:
        return unknown("Görüntüler gelmeye devam ediyor.", "Images are still arriving.", found=str(exam.images))
    return failed(
        "Tetkike ait görüntü yok ya da eksik.",
        "The exam's images are missing or incomplete.",
        expected=f">= {least}",
        found=str(exam.images),
    )


def images_match_order(exam: Exam, context: Context, params: Params) -> Answer:
    """A study is linked to the order, by one of the paths of the matching rule."""
    if exam.order is None:
        return _no_order()
    if exam.studies:
        return passed(_paths(exam))
    return failed(
        "İstemle eşleşen çalışma bulunamadı.",
        "No study matches the order.",
        expected=f"(0008,0050) {exam.key.accession}",
    )


def has_dose_report(exam: Exam, context: Context, params: Params) -> Answer:
    """A dose report (root concept 113701^DCM) is among the studies of the exam."""
    if any(one.facts.dose_reports for one in exam.studies):
        return passed(_paths(exam, with_dose=True))
    if not exam.images:
        return unknown("Görüntü gelmeden doz raporu aranmaz.", "No dose report is looked for before images arrive.")
    if exam.unsettled:
        return unknown("Görüntüler gelmeye devam ediyor.", "Images are still arriving.")
    devices = _devices(exam)
    return failed(
        f"Doz raporu (DOZ-SR) gelmedi; cihaz: {devices}.",
        f"No dose report (RDSR) arrived; device: {devices}.",
        expected="113701^DCM",
        found="0",
    )


def _paths(exam: Exam, *, with_dose: bool = False) -> str:
    studies: list[LinkedStudy] = [one for one in exam.studies if one.facts.dose_reports or not with_dose]
    return ", ".join(sorted({one.path for one in studies}))


def _devices(exam: Exam) -> str:
    """Who made the images: manufacturer, model and serial number, each device once."""
    series = (one for study in exam.studies for one in study.facts.series if one.images)
    names = {" ".join(filter(None, (one.manufacturer, one.model, one.device_serial))) for one in series}
    return "; ".join(sorted(filter(None, names))) or "?"


def has_report(exam: Exam, context: Context, params: Params) -> Answer:
    """A report was accepted; a preliminary one alone counts only by parameter."""
    if exam.report is None:
        return _why_no_report(exam)
    if params["preliminary_counts"] or any(one.report.status is not ReportStatus.PRELIMINARY for one in exam.reports):
        return passed(exam.report.report.status.value)
    return failed("Yalnızca ön rapor alındı.", "Only a preliminary report was received.", expected="F, C", found="P")


def _why_no_report(exam: Exam) -> Answer:
    if exam.deferred_reports:
        return unknown(
            "Rapor alındı; hekim kaydı sorgulanmayı bekliyor.", "A report waits for the physicians' registry."
        )
    if exam.refused_report:
        rules = ", ".join(exam.refused_report.refused_by)
        return failed("Son gönderilen rapor kabul edilmedi.", "The last report sent was refused.", found=rules)
    return failed("Rapor (ORU) alınmadı.", "No report (ORU) was received.", expected="F, C")


def signed_by_radiologist(exam: Exam, context: Context, params: Params) -> Answer:
    """The approving signer of the report (OBX-16, first) is a radiologist in the registry; all signers by parameter."""
    received = exam.report or exam.refused_report
    if received is None:
        return unknown("Rapor henüz alınmadı.", "No report has been received yet.")
    signers = [one.identifier for one in received.report.radiologists]
    asked = signers if params["all_signers"] else signers[:1]
    if not asked or not all(asked):
        return failed("Raporda hekim kimlik bilgisi yok.", "The report names no physician.", expected="TCKN")
    answers = [_signer(one, received) for one in asked]
    return next((one for one in answers if one.status is Status.FAILED), None) or next(
        (one for one in answers if one.status is Status.CANNOT_TELL), answers[0]
    )


def _signer(identifier: str, received: ReceivedReport) -> Answer:
    known: RegistryAnswer | None = next((one for one in received.registry if one.identifier == identifier), None)
    shown = masked(identifier)
    if known is None:
        return unknown("Hekim kaydı sorgulanamadı.", "The physicians' registry could not be asked.", found=shown)
    if not known.known:
        return failed("Raporu onaylayan hekim kayıtlarda yok.", "The signer is not in the registry.", found=shown)
    if not known.radiologist:
        return failed("Raporu onaylayan hekim radyolog değil.", "The signer is no radiologist.", found=shown)
    return passed(shown)


CHECKS: dict[str, Check] = {
    "has_order": Check(run=has_order, cites="Matching needs an order: HL7 v2.3.1 ORM^O01, ORC-1"),
    "order_is_active": Check(run=order_is_active, cites="HL7 v2.3.1 table 0119, CA"),
    "patient_identifier_valid": Check(run=patient_identifier_valid, cites="PID-4; checksum of the TCKN"),
    "has_loinc": Check(run=has_loinc, cites="Rule loinc-code; OBR-4.4", params={"check_digit": False, "listed": False}),
    "has_images": Check(run=has_images, cites="Rule image-present", params={"minimum": 1}),
    "images_match_order": Check(run=images_match_order, cites="Rule study-matched; (0008,0050), PID-4, PID-3"),
    "has_dose_report": Check(run=has_dose_report, cites="Rule dose-report; PS3.16 TID 10001, TID 10011"),
    "has_report": Check(
        run=has_report, cites="Rule report-present; HL7 v2.3.1 OBX-11", params={"preliminary_counts": False}
    ),
    "signed_by_radiologist": Check(
        run=signed_by_radiologist, cites="Rule radiologist; OBX-16", params={"all_signers": False}
    ),
}
