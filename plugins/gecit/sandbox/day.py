"""One hospital's day: what happens, and what must come of it.

All people and numbers are made up, and so are the SUT codes that begin with 899.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import field
from msgspec.structs import replace

from ..core.identifiers import tckn_of
from ..core.order import Control, ExamKey, Order, Patient, Person, Procedure
from ..core.report import Report, ReportPart, ReportStatus
from ..core.values import ISTANBUL, Text, Value, local
from ..core.verdict import Outcome
from ..ports import Institution
from .patients import PATIENTS
from .reports import CHANGED, REPORTS

RADIOLOGIST = Person(identifier="10000090178", family="ÖRNEKÇİ", given="Ayşegül")
SECOND_RADIOLOGIST = Person(identifier="10000090246", family="DENEMECİ", given="Işık")
NO_RADIOLOGIST = Person(identifier="10000090314", family="KURGUSAL", given="Çağrı")
ENDOSCOPIST = Person(identifier="10000090550", family="MASALSI", given="Övünç")
PHYSICIAN = Person(identifier="10000080100", family="MASALCI", given="Gülşen")
OTHER_PHYSICIAN = Person(identifier="10000080278", family="ÖYKÜLÜ", given="Deniz")
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

    ASK = "ask"  # HBYS asks for earlier exams, as it does before an order of CT or MR
    ASK_IN_VAIN = "ask in vain"  # while the service above is down
    ORDER = "order"
    IMAGES = "images"
    PRELIMINARY = "preliminary"  # a report before the final one
    REPORT = "report"
    CORRECT = "correct"
    ADD = "add"
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
    excused: tuple[str, ...] = ()  # ids of the rules that an exemption excuses
    announced: bool = False  # it waits for an exemption, and passes once that is announced
    serial: str = ""  # of the device, where it is not the usual one
    others: dict[Act, Report] = field(default_factory=dict)  # the report's other versions, by the act that sends them

    @property
    def versions(self) -> tuple[ReportStatus, ...]:
        """The statuses of its reports, in the order they are sent."""
        sent = (self.report if act is Act.REPORT else self.others.get(act) for act in self.acts)
        return tuple(one.status for one in sent if one)


class _Plot(Value):
    """What distinguishes one story from the next."""

    id: str
    tr: str
    en: str
    images: str
    with_dose: bool = False
    slices: int = 1
    patient: int = 0  # of PATIENTS, from 1; 0 = one of the exam's own
    priority: str = ""  # OBR-27.6
    ordered_at: datetime | None = None  # where it is not today
    serial: str = ""
    acts: tuple[Act, ...] = (Act.ASK, Act.ORDER, Act.IMAGES, Act.REPORT)
    radiologists: tuple[Person, ...] = (RADIOLOGIST,)
    physician: Person = PHYSICIAN
    loinc: bool = True
    outcome: Outcome = Outcome.SUBMIT
    failing: tuple[str, ...] = ()
    excused: tuple[str, ...] = ()
    announced: bool = False


OLD_DEVICE = "DNM-CT-ESKI"
"""Serial number of the CT whose waiver stands in `data/site-rules`."""

IN_AN_OUTAGE = datetime(2022, 2, 14, 11, 20, tzinfo=ISTANBUL)
"""Inside the window of the notice of 14.02.2022, 10:00-15:00."""

PROCEDURES: Mapping[str, Procedure] = {
    "CT": Procedure(sut="899001", sut_name="BT, beyin (deneme kodu)", loinc="24725-4", loinc_name="CT Head"),
    "MG": Procedure(sut="801590", sut_name="Mamografi (tek meme)", loinc="24605-8", loinc_name="MG Breast Diagnostic"),
    "MR": Procedure(sut="899002", sut_name="MR, batın (deneme kodu)", loinc="24556-3", loinc_name="MR Abdomen"),
    "US": Procedure(sut="899003", sut_name="US, kasık (deneme kodu)", loinc="24719-7", loinc_name="US Groin"),
    "DX": Procedure(
        sut="899004", sut_name="Kafa grafisi (deneme kodu)", loinc="24920-1", loinc_name="XR Skull Lateral"
    ),
    "ES": Procedure(
        sut="899005", sut_name="Üst GİS endoskopisi (deneme kodu)", loinc="18751-8", loinc_name="Endoscopy Study"
    ),
}

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
        images="CT", with_dose=True, slices=12, acts=(Act.ASK, Act.IMAGES, Act.ORDER, Act.REPORT),
    ),
    _Plot(
        id="cancelled-order", tr="İstemi iptal edilen röntgen", en="An X-ray whose order was cancelled",
        images="DX", acts=(Act.ORDER, Act.IMAGES, Act.REPORT, Act.CANCEL),
        outcome=Outcome.HOLD, failing=("order-active",),
    ),
    _Plot(
        id="duplicate", tr="Başka hekim aynı BT'yi yeniden ister: mükerrer",
        en="Another physician orders the same CT again: a duplicate",
        images="CT", with_dose=True, slices=12, patient=1, physician=OTHER_PHYSICIAN,
        outcome=Outcome.HOLD, failing=("duplicate-found",),
    ),
    _Plot(
        id="inside-an-outage", tr="14.02.2022 kesintisinde istenen, geç gönderilen BT",
        en="A CT ordered in the outage of 14.02.2022 and sent late", images="CT", with_dose=True, slices=12,
        ordered_at=IN_AN_OUTAGE, acts=(Act.ORDER, Act.IMAGES, Act.REPORT), excused=("duplicate-query-missing",),
    ),
    _Plot(
        id="todays-outage", tr="Sorgu servisi kapalıyken istenen MR: muafiyet duyurulunca serbest kalır",
        en="An MR ordered while the query service was down: free once the exemption is announced", images="MR",
        slices=12, acts=(Act.ASK_IN_VAIN, Act.ORDER, Act.IMAGES, Act.REPORT), outcome=Outcome.HOLD,
        failing=("duplicate-query-missing",), announced=True,
    ),
    _Plot(
        id="waived-device", tr="Doz gönderemeyen, muafiyetli cihazda BT", en="A CT by a device with a dose waiver",
        images="CT", slices=12, serial=OLD_DEVICE, excused=("dose-report",),
    ),
    _Plot(
        id="endoscopy", tr="Endoskopi: raporu gastroenterolog onaylar", en="An endoscopy, signed by an endoscopist",
        images="ES", radiologists=(ENDOSCOPIST,),
    ),
    _Plot(
        id="corrected-report", tr="Ön raporu kesinleşen, sonra düzeltilen röntgen",
        en="An X-ray whose preliminary report became final and was then corrected", images="DX",
        acts=(Act.ORDER, Act.PRELIMINARY, Act.IMAGES, Act.REPORT, Act.CORRECT),
    ),
    _Plot(
        id="addendum", tr="Raporuna ek yapılan MR", en="An MR to whose report something was added", images="MR",
        slices=12, acts=(Act.ASK, Act.ORDER, Act.IMAGES, Act.REPORT, Act.ADD),
    ),
)  # fmt: skip
_UNREAD = (Act.ASK, Act.ORDER, Act.IMAGES)
TO_READ: tuple[_Plot, ...] = (
    _Plot(
        id="ultrasound-to-read", tr="Acil ultrason, okunmayı bekler", en="An urgent ultrasound that waits to be read",
        images="US", patient=1, priority="S", acts=_UNREAD, outcome=Outcome.PENDING,
    ),
    _Plot(
        id="ct-to-read", tr="BT, okunmayı bekler", en="A CT that waits to be read", images="CT", with_dose=True,
        slices=24, patient=4, acts=_UNREAD, outcome=Outcome.PENDING,
    ),
    _Plot(
        id="x-ray-to-read", tr="Röntgen, okunmayı bekler", en="An X-ray that waits to be read", images="DX",
        patient=5, acts=_UNREAD, outcome=Outcome.PENDING,
    ),
)  # fmt: skip
"""What the radiologists of the demo find on their list; the first is of the patient who is its citizen."""
CRITICAL = "ct-to-read"
"""In which a radiologist saw something critical before he gave it back to the list."""
OTHERS: Mapping[Act, tuple[ReportStatus, int]] = {
    # act -> OBX-11, and minutes after the final report
    Act.PRELIMINARY: (ReportStatus.PRELIMINARY, -1),
    Act.CORRECT: (ReportStatus.CORRECTED, 1),
    Act.ADD: (ReportStatus.ADDENDUM, 1),
}
ASKED_FOR = ("CT", "MR")
"""What HBYS asks about beforehand: the scope of the rule `duplicate-query-missing`."""


def exams_of_the_day(
    day: datetime, institution: Institution = INSTITUTION, named: datetime | None = None
) -> list[ExamStory]:
    """Return the day's stories, all of them over at the instant `day`.

    Accession numbers hold the minute of `named`, by default of `day`, so that a later run makes new exams.
    """
    name = f"D{local(named or day):%y%m%d%H%M}"
    return [
        _story(plot, plot.patient or number, f"{name}{number:02d}", local(day), institution)
        for number, plot in enumerate(PLOTS, start=1)
    ]


def exams_to_read(day: datetime, institution: Institution = INSTITUTION) -> list[ExamStory]:
    """Return the exams of the same day that nobody has reported."""
    first, name = len(PLOTS) + 1, f"D{local(day):%y%m%d%H%M}"
    return [
        _story(plot, plot.patient, f"{name}{number:02d}", local(day), institution)
        for number, plot in enumerate(TO_READ, start=first)
    ]


def cancelled(order: Order, at: datetime) -> Order:
    """Return the ORM^O01 CA of an order."""
    return replace(order, control=Control.CANCEL, message_at=at)


def _story(plot: _Plot, patient: int, accession: str, now: datetime, institution: Institution) -> ExamStory:
    key = ExamKey(institution=institution.skrs, accession=accession)
    seconds = 10 * int(accession[-2:])
    whom = replace(PATIENTS[patient - 1], tckn=_tckn(accession, patient), file_number=f"DENEME-{patient:03d}")
    order = _order(plot, key, whom, plot.ordered_at or now - timedelta(minutes=8) + timedelta(seconds=seconds))
    return ExamStory(
        id=plot.id,
        name=Text(tr=plot.tr, en=plot.en),
        order=order,
        report=_report(plot, order, now),
        images=plot.images,
        with_dose=plot.with_dose,
        slices=plot.slices,
        acts=tuple(act for act in plot.acts if act is not Act.ASK or plot.images in ASKED_FOR),
        outcome=plot.outcome,
        failing=plot.failing,
        excused=plot.excused,
        announced=plot.announced,
        serial=plot.serial,
        others={act: _other(act, plot, order, now) for act in plot.acts if act in OTHERS},
    )


def _tckn(accession: str, patient: int) -> str:
    """Make up a number for a patient of one day: on another day it is another patient, who has no earlier exams.

    Its last two digits are the checksum; nobody's number is looked up to see whether it exists.
    """
    return tckn_of(f"2{int(accession[1:-2]) % 1_000_000:06d}{patient:02d}")


def _order(plot: _Plot, key: ExamKey, patient: Patient, ordered_at: datetime) -> Order:
    procedure = PROCEDURES[plot.images]
    at = ordered_at.replace(microsecond=0)
    return Order(
        key=key,
        control=Control.NEW,
        patient=patient,
        procedures=(procedure if plot.loinc else replace(procedure, loinc="", loinc_name=""),),
        ordered_at=at,
        message_at=at + timedelta(seconds=30),
        scheduled_at=at + timedelta(minutes=1),
        modality=plot.images,
        physician=plot.physician,
        department="1500",
        admission=f"BSV{key.accession}",
        tracking_number=f"SYS{key.accession}",
        reference=f"REF{key.accession}",
        clinical_information="Deneme istemi: ön tanı için görüntüleme",
        diagnoses=("Z01.6",),
        priority=plot.priority,
    )


def _other(act: Act, plot: _Plot, order: Order, now: datetime) -> Report:
    status, minutes = OTHERS[act]
    report = _report(plot, order, now + timedelta(minutes=minutes))
    changed = {ReportPart(number): part for number, part in CHANGED[act.value].items()}
    parts = changed if status is ReportStatus.ADDENDUM else {**report.parts, **changed}
    return replace(report, status=status, parts=parts, format="TXT")


def _report(plot: _Plot, order: Order, now: datetime) -> Report:
    approved_at = (now - timedelta(minutes=2)).replace(second=0, microsecond=0)
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
