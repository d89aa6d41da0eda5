"""One hospital's day: what happens, and what must come of it.

All people and numbers are made up, and so are the SUT codes that begin with 899.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec.structs import replace

from ..core.order import Control, ExamKey, Order, Patient, Person, Procedure
from ..core.report import Report, ReportPart, ReportStatus
from ..core.values import Text, Value, local
from ..core.verdict import Outcome
from ..ports import Institution
from .reports import REPORTS

RADIOLOGIST = Person(identifier="10000090178", family="ÖRNEKÇİ", given="Ayşegül")
SECOND_RADIOLOGIST = Person(identifier="10000090246", family="DENEMECİ", given="Işık")
NO_RADIOLOGIST = Person(identifier="10000090314", family="KURGUSAL", given="Çağrı")
PHYSICIAN = Person(identifier="10000080100", family="MASALCI", given="Gülşen")
INSTITUTION = Institution(
    skrs="999001",
    medula_code="11999001",
    name="Geçit Deneme Hastanesi",
    ownership="public",
    province="Ankara",
    aets=("DENEMEPACS",),
    hl7_peers=("127.0.0.1/32",),
)
"""The hospital of the demo, as `data/institutions.csv` has it."""


class Act(StrEnum):
    """One thing that happens to an exam."""

    ORDER = "order"
    IMAGES = "images"
    REPORT = "report"
    CANCEL = "cancel"


class ExamStory(Value):
    """One exam of the day: its messages and images in the order they are sent, and the verdict expected.

    A cancelled exam's `order` is the NW; the CA is the same order with another control (`cancelled`).
    """

    id: str  # clean-ct
    name: Text
    order: Order
    report: Report | None
    images: str  # a kind of `imaging.KINDS`
    with_dose: bool
    slices: int
    acts: tuple[Act, ...]
    outcome: Outcome
    failing: tuple[str, ...] = ()  # ids of the rules whose findings fail


class _Plot(Value):
    """What distinguishes one story from the next."""

    id: str
    tr: str
    en: str
    images: str
    with_dose: bool = False
    slices: int = 1
    acts: tuple[Act, ...] = (Act.ORDER, Act.IMAGES, Act.REPORT)
    radiologists: tuple[Person, ...] = (RADIOLOGIST,)
    loinc: bool = True
    outcome: Outcome = Outcome.SUBMIT
    failing: tuple[str, ...] = ()


PROCEDURES: Mapping[str, Procedure] = {
    "CT": Procedure(sut="899001", sut_name="BT, beyin (deneme kodu)", loinc="24725-4", loinc_name="CT Head"),
    "MG": Procedure(sut="801590", sut_name="Mamografi (tek meme)", loinc="24605-8", loinc_name="MG Breast Diagnostic"),
    "MR": Procedure(sut="899002", sut_name="MR, batın (deneme kodu)", loinc="24556-3", loinc_name="MR Abdomen"),
    "US": Procedure(sut="899003", sut_name="US, kasık (deneme kodu)", loinc="24719-7", loinc_name="US Groin"),
    "DX": Procedure(
        sut="899004", sut_name="Kafa grafisi (deneme kodu)", loinc="24920-1", loinc_name="XR Skull Lateral"
    ),
}

PATIENTS: tuple[Patient, ...] = (
    Patient(tckn="10000001136", family="ÖRNEKOĞLU", given="Şule", birth_date="19800214", sex="F"),
    Patient(tckn="10000001204", family="DENEMECİ", given="İbrahim Çağlar", birth_date="19550930", sex="M"),
    Patient(tckn="10000001372", family="KURGUSAL", given="Gülümser", birth_date="19681103", sex="F"),
    Patient(tckn="10000001440", family="MASALOĞLU", given="Işıl", birth_date="19910607", sex="F"),
    Patient(tckn="10000001518", family="SINAMACI", given="Öğünç", birth_date="20010123", sex="M"),
    Patient(tckn="10000001686", family="TASLAKÇI", given="Züleyha", birth_date="19740819", sex="F"),
    Patient(tckn="10000001754", family="MEÇHULOĞLU", given="Tuğrul", birth_date="19490512", sex="M"),
    Patient(tckn="10000001822", family="ÖYKÜCÜ", given="Nâzım", birth_date="19871225", sex="M"),
    Patient(tckn="10000001990", family="UYDURAN", given="Müjgân", birth_date="19630301", sex="F"),
    Patient(tckn="10000002058", family="GÖSTERMELİK", given="Doğuş", birth_date="19961017", sex="M"),
)
"""One for each plot, in order."""

PLOTS: tuple[_Plot, ...] = (
    _Plot(
        id="clean-ct", tr="Eksiksiz BT, doz bilgisiyle", en="A clean CT with its dose report",
        images="CT", with_dose=True, slices=24, radiologists=(RADIOLOGIST, SECOND_RADIOLOGIST),
    ),
    _Plot(
        id="ct-without-dose", tr="Doz bilgisi gönderilmeyen BT", en="A CT without a dose report",
        images="CT", slices=12, outcome=Outcome.HOLD, failing=("dose-report",),
    ),
    _Plot(id="mammography", tr="Mamografi, doz bilgisiyle", en="A mammography with dose", images="MG", with_dose=True),
    _Plot(id="mr", tr="MR", en="An MR", images="MR", slices=12),
    _Plot(id="ultrasound", tr="Ultrason", en="An ultrasound", images="US"),
    _Plot(id="x-ray", tr="Röntgen", en="An X-ray", images="DX"),
    _Plot(
        id="report-by-non-radiologist", tr="Raporu radyolog olmayan hekimin onayladığı MR",
        en="An MR whose report a non-radiologist signed", images="MR", slices=12, radiologists=(NO_RADIOLOGIST,),
        outcome=Outcome.HOLD, failing=("radiologist", "report-present"),
    ),
    _Plot(
        id="order-without-loinc", tr="İstemi LOINC kodsuz gelen US", en="An ultrasound ordered without LOINC",
        images="US", loinc=False, outcome=Outcome.HOLD, failing=("loinc-code",),
    ),
    _Plot(
        id="images-before-order", tr="Görüntüsü isteminden önce gelen BT", en="A CT whose images came before its order",
        images="CT", with_dose=True, slices=12, acts=(Act.IMAGES, Act.ORDER, Act.REPORT),
    ),
    _Plot(
        id="cancelled-order", tr="İstemi iptal edilen röntgen", en="An X-ray whose order was cancelled",
        images="DX", acts=(Act.ORDER, Act.IMAGES, Act.REPORT, Act.CANCEL),
        outcome=Outcome.HOLD, failing=("order-active",),
    ),
)  # fmt: skip


def exams_of_the_day(day: datetime, institution: Institution = INSTITUTION) -> list[ExamStory]:
    """Return the day's stories, all of them over at the instant `day`.

    Accession numbers hold its minute, so that a later run makes new exams.
    """
    return [
        _story(plot, patient, number, local(day), institution)
        for number, (plot, patient) in enumerate(zip(PLOTS, PATIENTS, strict=True), start=1)
    ]


def cancelled(order: Order, at: datetime) -> Order:
    """Return the ORM^O01 CA of an order."""
    return replace(order, control=Control.CANCEL, message_at=at)


def _story(plot: _Plot, patient: Patient, number: int, now: datetime, institution: Institution) -> ExamStory:
    key = ExamKey(institution=institution.skrs, accession=f"D{now:%y%m%d%H%M}{number:02d}")
    order = _order(
        plot, key, replace(patient, file_number=f"DENEME-{number:03d}"), now - timedelta(minutes=150 - number)
    )
    return ExamStory(
        id=plot.id,
        name=Text(tr=plot.tr, en=plot.en),
        order=order,
        report=_report(plot, order, now),
        images=plot.images,
        with_dose=plot.with_dose,
        slices=plot.slices,
        acts=plot.acts,
        outcome=plot.outcome,
        failing=plot.failing,
    )


def _order(plot: _Plot, key: ExamKey, patient: Patient, ordered_at: datetime) -> Order:
    procedure = PROCEDURES[plot.images]
    at = ordered_at.replace(second=0, microsecond=0)
    return Order(
        key=key,
        control=Control.NEW,
        patient=patient,
        procedures=(procedure if plot.loinc else replace(procedure, loinc="", loinc_name=""),),
        ordered_at=at,
        message_at=at + timedelta(minutes=1),
        scheduled_at=at + timedelta(minutes=30),
        modality=plot.images,
        physician=PHYSICIAN,
        department="1500",
        admission=f"BSV{key.accession}",
        tracking_number=f"SYS{key.accession}",
        reference=f"REF{key.accession}",
        clinical_information="Deneme istemi: ön tanı için görüntüleme",
        diagnoses=("Z01.6",),
    )


def _report(plot: _Plot, order: Order, now: datetime) -> Report:
    approved_at = (now - timedelta(minutes=15)).replace(second=0, microsecond=0)
    text = REPORTS[plot.images]
    return Report(
        key=order.key,
        patient=order.patient,
        status=ReportStatus.FINAL,
        parts={ReportPart(number): part for number, part in text.parts.items()},
        format=text.format,
        radiologists=plot.radiologists,
        approved_at=approved_at,
        message_at=approved_at + timedelta(minutes=1),
        procedures=order.procedures,
        modality=order.modality,
        request_reason_rating=4,
        image_quality_rating=5,
    )
