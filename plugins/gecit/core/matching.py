"""Which study is of which exam. The accession number must always agree, and the patient with it.

The rule, as the integration guide words it (5.2):

    accession equal AND (TCKN in OtherPatientIDs OR TCKN = PatientID OR (same SKRS AND PID-3 = PatientID))
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from .dose import kinds
from .facts import StudyFacts
from .order import Order
from .values import Text, local

OTHER_PATIENT_ID = "accession+other-patient-id"
PATIENT_ID = "accession+patient-id"
FILE_NUMBER = "accession+file-number"
ACQUISITION_GROUP = "acquisition-group"
DOSE_STUDY_UID = "dose:study-uid"
DOSE_ACCESSION = "dose:accession"
DOSE_PATIENT_AND_TIME = "dose:patient-and-time"

DOSE_WINDOW = timedelta(hours=2)
"""How far a dose report without accession number may lie from the pictures of the same patient."""


def match(study: StudyFacts, order: Order) -> str | None:
    """Return the path by which the study is of the order's exam; None where it is not."""
    if not same_accession(study, order) or foreign(study, order):
        return None
    if order.patient.tckn and order.patient.tckn in study.other_patient_ids:
        return OTHER_PATIENT_ID
    if order.patient.tckn and order.patient.tckn == study.patient_id:
        return PATIENT_ID
    return FILE_NUMBER if _same_file_number(study, order) else None


def same_accession(study: StudyFacts, order: Order) -> bool:
    """Whether (0008,0050) is the order's accession number; an empty one is nobody's."""
    accession = study.accession.strip()
    return bool(accession) and accession == order.key.accession.strip()


def foreign(study: StudyFacts, order: Order) -> bool:
    """Whether another institution sent the study and OBR-15 does not say that it performs for this one."""
    ours = (order.key.institution, order.performing_institution)
    return bool(study.institution and order.key.institution) and study.institution not in ours


def _same_file_number(study: StudyFacts, order: Order) -> bool:
    # A file number means something within its own institution only, hence not the performing one.
    same = bool(study.institution) and study.institution == order.key.institution
    return same and bool(order.patient.file_number) and order.patient.file_number == study.patient_id


def same_acquisition(one: Order, other: Order, minutes: int) -> bool:
    """Whether two orders may be served by one acquisition (guide 5.4); `minutes` is inclusive, between their OBR-36."""
    alike = (
        (one.key.institution, other.key.institution),
        (one.patient.tckn, other.patient.tckn),
        (one.physician.identifier, other.physician.identifier),
        (one.modality, other.modality),
    )
    if one.key.accession == other.key.accession or not all(mine and mine == theirs for mine, theirs in alike):
        return False
    if one.scheduled_at is None or other.scheduled_at is None:
        return False
    return abs(local(one.scheduled_at) - local(other.scheduled_at)) <= timedelta(minutes=minutes)


def dose_only(study: StudyFacts) -> bool:
    """Whether the study holds dose reports and no pictures: it then is of the exam whose dose it reports."""
    return bool(study.dose_reports) and not study.images


def dose_path(sr_study: StudyFacts, order: Order, exam_studies: Sequence[StudyFacts]) -> str | None:
    """Return how a dose report that stands in its own study belongs to the exam with the pictures `exam_studies`."""
    if not dose_only(sr_study) or foreign(sr_study, order) or not _right_kind(sr_study, order):
        return None
    if any(one.study_instance_uid == sr_study.study_instance_uid for one in exam_studies):
        return DOSE_STUDY_UID
    if sr_study.accession.strip():
        return DOSE_ACCESSION if same_accession(sr_study, order) and _no_other_patient(sr_study, order) else None
    near = any(_same_patient(sr_study, order, one) and _near(sr_study, one) for one in exam_studies)
    return DOSE_PATIENT_AND_TIME if near else None


def _right_kind(sr_study: StudyFacts, order: Order) -> bool:
    said = kinds(sr_study.dose_reports)
    return not said or not order.modality or order.modality in said


def identifiers(study: StudyFacts) -> frozenset[str]:
    """Return every number that the study calls its patient by."""
    return frozenset(one for one in (study.patient_id, *study.other_patient_ids) if one)


def _no_other_patient(sr_study: StudyFacts, order: Order) -> bool:
    said = identifiers(sr_study)
    return not said or bool(said & {order.patient.tckn, order.patient.file_number})


def _same_patient(sr_study: StudyFacts, order: Order, pictures: StudyFacts) -> bool:
    said = identifiers(sr_study)
    if order.patient.tckn and order.patient.tckn in said:
        return True
    # The same number in the same archive, sent by nobody or by the same institution.
    together = sr_study.key.node == pictures.key.node and sr_study.institution == pictures.institution
    return together and bool(said & identifiers(pictures))


def _near(sr_study: StudyFacts, pictures: StudyFacts) -> bool:
    one, other = _moment(sr_study), _moment(pictures)
    if one and other:
        return abs(one - other) <= DOSE_WINDOW
    return bool(sr_study.study_date) and sr_study.study_date == pictures.study_date


def _moment(study: StudyFacts) -> datetime | None:
    digits = study.study_date + study.study_time[:6]
    try:
        return local(datetime.strptime(digits, "%Y%m%d%H%M%S"))  # noqa: DTZ007  DICOM DA and TM carry no zone
    except ValueError:
        return None


NO_ACCESSION = Text(
    tr="Çalışmada erişim numarası (0008,0050) yok. Cihaz iş listesinden çekim yapılmalı veya PACS numarayı"
    " düzeltip çalışmayı yeniden göndermeli.",
    en="The study has no accession number (0008,0050). The modality must take it from the worklist, or the PACS must"
    " correct it and send the study again.",
)
NO_PATIENT_ID = Text(
    tr="Çalışmada hasta kimliği (0010,0020) yok. PACS kimliği tamamlayıp çalışmayı yeniden göndermeli.",
    en="The study has no PatientID (0010,0020). The PACS must complete it and send the study again.",
)
NO_ORDER = Text(
    tr="Bu erişim numarasıyla istem gelmedi. HBYS istemi (ORM^O01) göndermeli.",
    en="No order with this accession number has come. The HBYS must send the order (ORM^O01).",
)
OTHER_INSTITUTION = Text(
    tr="Erişim numarası başka bir kurumun istemine ait. Başka kurum adına çekimse HBYS bunu OBR-15'te bildirmeli;"
    " değilse PACS erişim numarasını düzeltmeli.",
    en="The accession number belongs to an order of another institution. If it was performed for that one, its HBYS"
    " must say so in OBR-15; if not, the PACS must correct the number.",
)
PATIENT_DIFFERS = Text(
    tr="Erişim numarası uyuyor, hasta kimliği uymuyor: TCKN ne PatientID (0010,0020) ne OtherPatientIDs (0010,1000)"
    " içinde, dosya numarası da aynı kurumda eşleşmiyor. PACS veya HBYS hasta kimliğini düzeltmeli.",
    en="The accession number agrees, the patient does not: the TCKN is neither in PatientID (0010,0020) nor in"
    " OtherPatientIDs (0010,1000), and the file number does not agree within one institution. The PACS or the HBYS"
    " must correct the patient's identifiers.",
)


def near_misses(study: StudyFacts, orders: Iterable[Order]) -> tuple[Text, ...]:
    """Say why a study that no exam has is of none of the orders known under its accession number."""
    if not study.accession.strip():
        return (NO_ACCESSION,)
    known = [order for order in orders if same_accession(study, order)]
    reasons = [NO_ORDER] if not known else []
    reasons += [NO_PATIENT_ID] if not identifiers(study) else []
    reasons += [OTHER_INSTITUTION] if any(foreign(study, order) for order in known) else []
    mine = [order for order in known if not foreign(study, order)]
    differs = bool(identifiers(study)) and any(match(study, order) is None for order in mine)
    return tuple(reasons + ([PATIENT_DIFFERS] if differs else []))
