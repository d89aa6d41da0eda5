"""Checks of the report and of who signed it."""

from __future__ import annotations

from ..events import RegistryAnswer
from ..exam import Exam, ReceivedReport
from ..identifiers import masked
from ..order import Order
from ..report import Report, ReportPart, ReportStatus
from ..verdict import Status
from .answers import Answer, Context, Params, failed, passed, unknown


def has_report(exam: Exam, context: Context, params: Params) -> Answer:
    """A report was accepted; a preliminary one alone counts only by parameter, an addendum alone never."""
    if exam.report is None:
        return _why_no_report(exam)
    if params["preliminary_counts"] or exam.report.report.status is not ReportStatus.PRELIMINARY:
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
    if exam.reports:
        tr, en = "Yalnızca ek rapor alındı; eklendiği rapor yok.", "Only an addendum was received, without its report."
        return failed(tr, en, expected="F, C", found="B")
    return failed("Rapor (ORU) alınmadı.", "No report (ORU) was received.", expected="F, C")


def signed_by_radiologist(exam: Exam, context: Context, params: Params) -> Answer:
    """The approving signer of the report (OBX-16, first) is a radiologist in the registry; all signers by parameter.

    Of the version in force; each addendum was asked about when it came, as if it were the report (`judge_report`).
    """
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


# Parameter -> where it stands, and what it is called: what clients of later guides send.
_FIELDS = {
    "clinical_information": ("OBR-13", "klinik bilgi", "clinical information"),
    "findings_part": ("OBX-5^3", "Bulgular", "findings"),
    "conclusion_part": ("OBX-5^4", "Sonuç ve Öneriler", "conclusion"),
    "ratings": ("OBX-13", "istem ve çekim değerlendirmesi", "ratings of request and images"),
}


def follows_guide(exam: Exam, context: Context, params: Params) -> Answer:
    """Order and report hold what the guide asks for since its profile of 1 February 2020, as far as it is known."""
    report = exam.report
    lacking = _lacks_of_order(exam.order) + (_lacks_of_report(report.report) if report else [])
    missing = [_FIELDS[name] for name in lacking if params[name]]
    if missing:
        places = ", ".join(where for where, _, _ in missing)
        return failed(
            f"Eksik: {', '.join(tr for _, tr, _ in missing)}.",
            f"Missing: {', '.join(en for _, _, en in missing)}.",
            where=places,
            expected=places,
        )
    if report is None and exam.refused_report:
        rules = ", ".join(exam.refused_report.refused_by)
        return unknown("Gelen rapor kabul edilmedi.", "The report that came was refused.", found=rules)
    if exam.order is None or report is None:
        return unknown("İstem ya da rapor henüz alınmadı.", "Order or report has not been received yet.")
    return passed()


def _lacks_of_order(order: Order | None) -> list[str]:
    return [] if order is None or order.clinical_information else ["clinical_information"]


def _lacks_of_report(report: Report) -> list[str]:
    lacks = [] if report.parts.get(ReportPart.FINDINGS, "").strip() else ["findings_part"]
    lacks += [] if report.parts.get(ReportPart.CONCLUSION, "").strip() else ["conclusion_part"]
    rated = report.request_reason_rating is not None and report.image_quality_rating is not None
    return lacks if rated else [*lacks, "ratings"]
