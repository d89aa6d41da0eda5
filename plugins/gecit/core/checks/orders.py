"""Checks of the order and of what it says of the patient."""

from __future__ import annotations

from datetime import datetime, timedelta

from .. import identifiers
from ..exam import Exam
from ..identifiers import Kind, masked
from ..order import Procedure
from ..values import ISTANBUL, Text, local
from .answers import Answer, Context, Params, failed, no_order, passed, whole


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
        return no_order()
    if exam.cancelled:
        return failed("İstem iptal edildi.", "The order was cancelled.", expected="NW, XO", found="CA")
    return passed(exam.order.control.value)


def kind_of_patient(exam: Exam, context: Context) -> Kind:
    """What the patient's number is; the age at the order matters only where there is none."""
    patient = exam.patient
    if patient.tckn:
        return identifiers.classify(patient.tckn, context.policy)
    ordered = exam.order.ordered_at if exam.order else None
    moment = ordered or exam.order_received_at or (exam.report.received_at if exam.report else None)
    age = identifiers.age_in_days(patient.birth_date, local(moment).date()) if moment else None
    return identifiers.classify(patient.tckn, context.policy, age_days=age)


def patient_identifier_valid(exam: Exam, context: Context, params: Params) -> Answer:
    """The patient's number is a valid TCKN or 99... number, or a case that the site accepts."""
    if exam.order is None and exam.report is None:
        return no_order()
    kind = kind_of_patient(exam, context)
    if identifiers.accepts(kind, context.policy, file_number=exam.patient.file_number):
        return passed(kind.value)
    tr, en = _IDENTIFIER_FAULTS[kind]
    return failed(tr, en, expected="TCKN | 99...", found=masked(exam.patient.tckn))


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
        return no_order()
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


def dates_plausible(exam: Exam, context: Context, params: Params) -> Answer:
    """Neither the order nor a study lies in the future of the instant at which Geçit learned of it."""
    return _order_in_future(exam, whole(params, "tolerance_minutes")) or _study_in_future(
        exam, whole(params, "study_tolerance_minutes")
    )


def _order_in_future(exam: Exam, tolerance: int) -> Answer | None:
    ordered, received = exam.order and exam.order.ordered_at, exam.order_changed_at or exam.order_received_at
    if not ordered or not received or ordered <= received or ordered <= received + timedelta(minutes=tolerance):
        return None
    return failed(
        "İstem tarihi, istem mesajının alındığı andan sonra.",
        "The order date lies after the receipt of the order message.",
        where="OBR-6",
        expected=f"<= {local(received):%d.%m.%Y %H:%M} + {tolerance} min",
        found=f"{local(ordered):%d.%m.%Y %H:%M}",
    )


def _study_in_future(exam: Exam, tolerance: int) -> Answer:
    for study in exam.studies:
        taken = _moment(study.facts.study_date, study.facts.study_time)
        if taken and taken > study.linked_at and taken > study.linked_at + timedelta(minutes=tolerance):
            return failed(
                "Çekim tarihi, görüntünün alındığı andan sonra.",
                "The study date lies after the receipt of the images.",
                where="(0008,0020), (0008,0030)",
                expected=f"<= {local(study.linked_at):%d.%m.%Y %H:%M} + {tolerance} min",
                found=f"{taken:%d.%m.%Y %H:%M}",
            )
    return passed()


def _moment(day: str, clock: str) -> datetime | None:
    """Read DA and TM (PS3.5 section 6.2) by their digits: strptime costs more than all the rest of judging.

    A date that cannot be read lies in no future; a time that cannot be read counts as 00:00.
    """
    try:
        midnight = datetime(int(day[:4]), int(day[4:6]), int(day[6:]), tzinfo=ISTANBUL)
    except ValueError:
        return None
    digits = clock.partition(".")[0].replace(":", "").ljust(6, "0")
    try:
        return midnight.replace(hour=int(digits[:2]), minute=int(digits[2:4]), second=int(digits[4:6]))
    except ValueError:
        return midnight
