"""Studies, orders and their links: whatever the order of arrival, the end is the same."""

from __future__ import annotations

import itertools
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from msgspec.structs import replace

from gecit.core import events as e
from gecit.core.exam import Exam
from gecit.core.facts import DoseReport, DoseValue, SeriesFacts, StudyFacts, StudyKey
from gecit.core.order import Control, ExamKey, Order, Patient, Person
from gecit.edges.store import SqlLedger, open_ledger
from gecit.ports import Institution, Transaction
from gecit.steps.receive_study import forget_study, link_exam, receive_study, sender_of, skrs_of

NOON = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SETTLE = timedelta(seconds=60)
TCKN, OTHER_TCKN, PHYSICIAN = "10000000146", "10562272296", "11111111110"
HERE, THERE = Institution(skrs="910001", aets=("CT1", "PACS")), Institution(skrs="910002", aets=("MR2", "PACS"))
DOSE = DoseReport(sop_instance_uid="1.9", values=(DoseValue(code="113813", name="DLPTotal", value=1, unit="mGy.cm"),))

Do = Callable[[Transaction], object]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty ledger, made once."""
    file = tmp_path_factory.mktemp("template") / "ledger.db"
    open_ledger(f"sqlite:///{file}").close()
    return file


@pytest.fixture
def fresh(template: Path, tmp_path: Path) -> Iterator[Callable[[], SqlLedger]]:
    """Makes empty ledgers quickly."""
    opened: list[SqlLedger] = []

    def make() -> SqlLedger:
        file = tmp_path / f"{len(opened)}.db"
        shutil.copy(template, file)
        opened.append(open_ledger(f"sqlite:///{file}"))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def order(accession: str, minute: int = 0, tckn: str = TCKN, control: Control = Control.NEW, **more: object) -> Order:
    return Order(
        key=ExamKey(institution="910001", accession=accession),
        control=control,
        patient=Patient(tckn=tckn, file_number="D-7"),
        procedures=(),
        modality="CT",
        physician=Person(identifier=PHYSICIAN),
        scheduled_at=NOON + timedelta(minutes=minute),
        **more,  # type: ignore[arg-type]
    )


def study(name: str, accession: str, patient: str = TCKN, images: int = 3, **more: object) -> StudyFacts:
    modality = "CT" if images else "SR"
    whole = {
        "key": StudyKey(node="N", orthanc_id=name),
        "study_instance_uid": f"1.2.{name}",
        "accession": accession,
        "patient_id": patient,
        "calling_aet": "CT1",
        "study_date": "20260302",
        "study_time": "090000",
        "series": (
            SeriesFacts(series_instance_uid=f"1.2.{name}.1", modality=modality, instances=images or 1, images=images),
        ),
        "last_instance_at": NOON - timedelta(hours=1),
    }
    return StudyFacts(**{**whole, **more})  # type: ignore[arg-type]


def placed(what: Order) -> Do:
    kind = {Control.NEW: e.OrderPlaced, Control.CHANGE: e.OrderChanged, Control.CANCEL: e.OrderCancelled}[what.control]

    def work(tx: Transaction) -> None:
        tx.append(kind(at=NOON, exam=what.key, order=what, message=1))
        link_exam(tx, what.key, NOON, 40)

    return work


def read(facts: StudyFacts, now: datetime = NOON) -> Callable[[Transaction], StudyFacts]:
    return lambda tx: receive_study(tx, facts, (HERE, THERE), now, SETTLE, 40)


def gone(name: str) -> Do:
    return lambda tx: forget_study(tx, StudyKey(node="N", orthanc_id=name), NOON, 40)


def exam(ledger: SqlLedger, accession: str) -> Exam:
    found = ledger.read(lambda tx: tx.exam(ExamKey(institution="910001", accession=accession)))
    assert found
    return found


def links(ledger: SqlLedger, accession: str) -> dict[str, str]:
    return {one.facts.key.orthanc_id: one.path for one in exam(ledger, accession).studies}


def run(ledger: SqlLedger, steps: Sequence[Do]) -> SqlLedger:
    for step in steps:
        ledger.write(step)
    return ledger


# What happens in one day; within a row the order is given, between rows it is not.
DAY: tuple[tuple[Do, ...], ...] = (
    (placed(order("A", 0)),),  # its pictures serve B as well
    (placed(order("B", 40)),),
    (placed(order("C", 41)),),  # too late for A's group, not for B's, which has no pictures of its own
    (placed(order("D", 10)),),  # in the group, but with its own pictures
    (placed(order("E", 5, OTHER_TCKN)), placed(order("E", 5, TCKN, Control.CHANGE))),  # the patient was wrong first
    (placed(order("F", 0, OTHER_TCKN, performing_institution="910002")),),
    (read(study("a", "A", images=1, last_instance_at=NOON)), read(study("a", "A", images=3))),
    (read(study("a2", "A", patient="D-7")),),
    (read(study("d", "D", patient="?", other_patient_ids=(TCKN,))),),
    (read(study("e", "E")), gone("e")),
    (read(study("f", "F", OTHER_TCKN, calling_aet="MR2")),),
    (read(study("x", "A", OTHER_TCKN)),),  # another patient under A's number
    (read(study("sr", "", images=0, dose_reports=(DOSE,))),),
    (read(study("nobody", "", "")),),
)
THE_END = {
    "A": {"a": "accession+patient-id", "a2": "accession+file-number", "sr": "dose:patient-and-time"},
    "B": {"a": "acquisition-group", "a2": "acquisition-group", "d": "acquisition-group", "sr": "dose:patient-and-time"},
    "C": {"d": "acquisition-group", "sr": "dose:patient-and-time"},
    "D": {"d": "accession+other-patient-id", "sr": "dose:patient-and-time"},
    "E": {"a": "acquisition-group", "a2": "acquisition-group", "d": "acquisition-group", "sr": "dose:patient-and-time"},
    "F": {"f": "accession+patient-id"},
}


def shuffled(seed: int) -> list[Do]:
    chance = random.Random(seed)
    rows = [iter(row) for row in DAY]
    turns = [number for number, row in enumerate(DAY) for _ in row]
    chance.shuffle(turns)
    return [next(rows[number]) for number in turns]


@pytest.mark.parametrize("seed", range(30))
def test_any_order_of_arrival_ends_in_the_same_links(fresh: Callable[[], SqlLedger], seed: int) -> None:
    ledger = run(fresh(), shuffled(seed))
    assert {name: links(ledger, name) for name in THE_END} == THE_END


def test_every_permutation_of_two_orders_two_studies_and_a_dose_report(fresh: Callable[[], SqlLedger]) -> None:
    steps = [DAY[0][0], DAY[1][0], DAY[7][0], DAY[12][0]]
    ends = []
    for some in itertools.permutations(steps):
        ledger = run(fresh(), some)
        ends.append((links(ledger, "A"), links(ledger, "B")))
    assert len(ends) == 24
    assert all(one == ends[0] for one in ends)
    assert ends[0][1] == {"a2": "acquisition-group", "sr": "dose:patient-and-time"}


def test_a_study_is_settled_when_nothing_has_come_for_the_settle_time(fresh: Callable[[], SqlLedger]) -> None:
    ledger, facts = fresh(), study("a", "A", last_instance_at=NOON)
    assert not ledger.write(read(facts, NOON + SETTLE - timedelta(seconds=1))).settled
    assert len(ledger.read(lambda tx: tx.unsettled_studies("N"))) == 1
    assert ledger.write(read(facts, NOON + SETTLE)).settled
    assert ledger.read(lambda tx: tx.unsettled_studies("N")) == []


def events(ledger: SqlLedger) -> list[tuple[object, ...]]:
    return [tuple(row) for row in ledger.content()["link"]] + [tuple(row) for row in ledger.content()["study"]]


def test_the_same_instances_again_change_nothing(fresh: Callable[[], SqlLedger]) -> None:
    ledger = run(fresh(), [placed(order("A")), read(study("a", "A"))])
    before = events(ledger)
    again = ledger.write(read(study("a", "A", last_instance_at=NOON), NOON + timedelta(seconds=1)))
    assert again.settled
    assert events(ledger) == before


def test_a_late_picture_unsettles_the_study_and_a_document_does_not(fresh: Callable[[], SqlLedger]) -> None:
    ledger = run(fresh(), [placed(order("A")), read(study("a", "A"))])
    pdf = SeriesFacts(series_instance_uid="1.9", modality="DOC", instances=1, images=0)
    ours = SeriesFacts(series_instance_uid="1.8", modality="SR", instances=1, images=0, manufacturer="Geçit")
    with_report = replace(study("a", "A"), series=(*study("a", "A").series, pdf, ours), last_instance_at=NOON)
    assert ledger.write(read(with_report)).settled
    assert len(exam(ledger, "A").studies[0].facts.series) == 3
    others = replace(ours, manufacturer="ACME")
    late = replace(with_report, series=(*with_report.series[:-1], others))
    assert not ledger.write(read(late)).settled
    assert not ledger.write(read(study("a", "A", images=4, last_instance_at=NOON))).settled
    assert exam(ledger, "A").unsettled
    assert exam(ledger, "A").images == 4


def test_a_deleted_study_leaves_its_exams_and_may_come_back(fresh: Callable[[], SqlLedger]) -> None:
    ledger = run(fresh(), [placed(order("A")), placed(order("B")), read(study("a", "A")), gone("a"), gone("a")])
    assert links(ledger, "A") == links(ledger, "B") == {}
    assert exam(ledger, "A").judge_cause == "study deleted"
    run(ledger, [read(study("a", "A"))])
    assert links(ledger, "B") == {"a": "acquisition-group"}


def test_a_changed_patient_in_the_order_unlinks_its_study(fresh: Callable[[], SqlLedger]) -> None:
    ledger = run(fresh(), [placed(order("A")), read(study("a", "A", "?", other_patient_ids=(TCKN,)))])
    assert links(ledger, "A") == {"a": "accession+other-patient-id"}
    run(ledger, [placed(order("A", tckn=OTHER_TCKN, control=Control.CHANGE))])
    assert links(ledger, "A") == {}
    assert exam(ledger, "A").judge_cause == "identifiers no longer match"


def test_a_study_that_is_read_with_other_identifiers_moves_to_another_exam(fresh: Callable[[], SqlLedger]) -> None:
    steps = [placed(order("A")), placed(order("B", 300)), read(study("a", "A")), read(study("a", "B"))]
    ledger = run(fresh(), steps)
    assert (links(ledger, "A"), links(ledger, "B")) == ({}, {"a": "accession+patient-id"})


@pytest.mark.parametrize(
    ("aet", "name", "sender"),
    [
        ("CT1", "", "910001"),
        ("CT1", "Ad^^^SKRS910002^^^FK77", "910001"),  # the calling title is who speaks (design 7.8)
        ("", "Ad^^^SKRS910002^^^FK77", "910002"),
        ("PACS", "", ""),  # two institutions share it
        ("PACS", "Ad^^^SKRS910002^^^FK77", "910002"),
        ("PACS", "Ad^^^SKRS999999^^^FK77", ""),
        ("STRANGER", "", ""),
        ("", "", ""),
    ],
)
def test_who_sent_a_study(aet: str, name: str, sender: str) -> None:
    assert sender_of(study("a", "A", calling_aet=aet, institution_name=name), (HERE, THERE)) == sender


def test_who_adds_an_instance_takes_the_study_from_nobody(fresh: Callable[[], SqlLedger]) -> None:
    """The first sender on record keeps his study, and the exam keeps its evidence."""
    late = study("a", "A", images=4, calling_aet="MR2", institution_name="Ad^^^SKRS910002^^^FK77")
    ledger = run(fresh(), [placed(order("A")), read(study("a", "A")), read(late)])
    found = ledger.read(lambda tx: tx.study(late.key))
    assert found is not None
    assert (found.facts.institution, found.facts.calling_aet, found.facts.images) == ("910001", "CT1", 4)
    assert links(ledger, "A") == {"a": "accession+patient-id"}


@pytest.mark.parametrize("aet", ["", "STRANGER", "PACS"])
def test_nobodys_study_does_not_become_anothers_by_an_instance_of_his(fresh: Callable[[], SqlLedger], aet: str) -> None:
    """A sender who was unknown, or one of two, is known later by his own title or name only."""
    steps = [placed(order("A")), read(study("a", "A", calling_aet=aet))]
    ledger = run(
        fresh(), [*steps, read(study("a", "A", images=4, calling_aet="MR2", institution_name="^^^SKRS910002"))]
    )
    key = StudyKey(node="N", orthanc_id="a")
    found = ledger.read(lambda tx: tx.study(key))
    assert found is not None and found.facts.institution == ""
    assert links(ledger, "A") == {"a": "accession+patient-id"}
    ledger.write(read(study("a", "A", images=5, calling_aet=aet, institution_name="Ad^^^SKRS910001^^^FK77")))
    found = ledger.read(lambda tx: tx.study(key))
    assert found is not None and found.facts.institution == "910001"


def test_a_study_that_was_deleted_and_is_sent_again_has_a_new_sender(fresh: Callable[[], SqlLedger]) -> None:
    """That is how a study of the wrong sender is mended."""
    ledger = run(fresh(), [read(study("a", "A")), gone("a"), read(study("a", "A", calling_aet="MR2"))])
    found = ledger.read(lambda tx: tx.study(StudyKey(node="N", orthanc_id="a")))
    assert found is not None and found.facts.institution == "910002"


@pytest.mark.parametrize(
    ("name", "code"),
    [("Ad^^^SKRS12^^^FK7", "12"), ("Ad^^^SKRS 12 ", "12"), ("SKRS12", ""), ("Ad^^^SKRS^^^FK7", ""), ("", "")],
)
def test_the_code_in_an_institution_name(name: str, code: str) -> None:
    assert skrs_of(name) == code


def test_many_orders_of_one_patient_cost_their_number_not_its_square(sqlite_ledger: SqlLedger) -> None:
    """A sender that writes one TCKN into every order must not bring the node to a stand."""
    orders = [order(f"G{number}") for number in range(60)]
    asked: list[str] = []

    def count(*arguments: object) -> None:
        asked.append(str(arguments[2]))

    for one in orders[:-1]:
        sqlite_ledger.write(lambda tx, one=one: tx.append(e.OrderPlaced(at=NOON, exam=one.key, order=one, message=1)))
    sa.event.listen(sqlite_ledger.engine, "before_cursor_execute", count)
    last = orders[-1]

    def work(tx: Transaction) -> None:
        tx.append(e.OrderPlaced(at=NOON, exam=last.key, order=last, message=1))
        link_exam(tx, last.key, NOON, 40)

    sqlite_ledger.write(work)
    sa.event.remove(sqlite_ledger.engine, "before_cursor_execute", count)
    assert len(asked) < 5 * len(orders)
