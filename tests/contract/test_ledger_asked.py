"""What the ledger promises of earlier exams, duplicate queries and outages."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from msgspec.structs import replace

from gecit.core import events as e
from gecit.core.background import Answering, DuplicateQuery, EarlierExam, Opening, Outage
from gecit.core.order import Control, ExamKey, Order, Patient, Procedure
from gecit.core.report import Report, ReportPart, ReportStatus
from gecit.edges.store import SqlLedger, schema
from gecit.ports import Institution

from .test_ledger import KEY, NOW, facts, order

TCKN = "10000000146"
OTHER = "10000000214"
CHEST = Procedure(sut="R100250", sut_name="Toraks BT", loinc="24627-2", loinc_name="CT Chest")
HEAD = Procedure(sut="R100100", loinc="24725-4", loinc_name="CT Head")


def placed(key: ExamKey = KEY, **changes: object) -> e.OrderPlaced:
    return e.OrderPlaced(at=NOW, exam=key, order=ordered(key, **changes), message=1)


def ordered(key: ExamKey = KEY, **changes: object) -> Order:
    return replace(order(key), **{"procedures": (CHEST, HEAD), **changes})


def earlier(ledger: SqlLedger, tckn: str = TCKN, *suts: str) -> list[EarlierExam]:
    return ledger.read(lambda tx: tx.earlier_exams(tckn, suts or (CHEST.sut, HEAD.sut)))


def query(number: str = "q1", at: datetime = NOW, **changes: object) -> DuplicateQuery:
    found = (EarlierExam(institution="10001", accession="A1", sut=CHEST.sut),)
    made = DuplicateQuery(id=number, at=at, institution="10001", tckn=TCKN, sut=(CHEST.sut,), found=found)
    return replace(made, **changes)


def queried(number: str = "q1", at: datetime = NOW, **changes: object) -> e.DuplicateQueried:
    return e.DuplicateQueried(at=at, query=query(number, at, **changes))


def opened(number: str, what: str = "report") -> e.DuplicateOpened:
    return e.DuplicateOpened(at=NOW, query=number, opening=opening(what))


def opening(what: str = "report") -> Opening:
    return Opening(institution="10001", accession="A1", what=what, at=NOW)


def test_an_earlier_exam_tells_each_procedure_with_what_came_of_it(ledger: SqlLedger) -> None:
    scheduled = NOW + timedelta(minutes=30)
    report = Report(
        key=KEY, patient=Patient(tckn=TCKN), status=ReportStatus.FINAL, parts={ReportPart.FINDINGS: "Olağan."}
    )
    study = facts(study_date="20260302", study_time="120000")

    def work(tx) -> None:
        tx.record_institution(Institution(skrs="10001", name="Örnek Hastanesi"), NOW)
        tx.append(placed(scheduled_at=scheduled))
        tx.append(e.StudyLinked(at=NOW, exam=KEY, facts=study, path="p"))
        tx.append(e.ReportReceived(at=NOW, exam=KEY, report=report, message=2))

    ledger.write(work)
    head, chest = earlier(ledger, TCKN, HEAD.sut)[0], earlier(ledger, TCKN, CHEST.sut)[0]
    assert chest == EarlierExam(
        institution="10001",
        accession="A1",
        sut="R100250",
        description="Toraks BT",
        institution_name="Örnek Hastanesi",
        ordered_at=NOW,
        scheduled_at=scheduled,
        performed_at=datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
        images=True,
        report=True,
    )
    assert (head.sut, head.description) == ("R100100", "CT Head")


def test_earlier_exams_are_of_the_same_patient_and_code_at_any_institution_oldest_first(ledger: SqlLedger) -> None:
    def key(name: str) -> ExamKey:
        return ExamKey(institution=f"2000{len(name)}", accession=name)

    def work(tx) -> None:
        tx.append(placed(key("c"), ordered_at=NOW + timedelta(days=2)))
        tx.append(placed(key("b"), ordered_at=NOW - timedelta(days=400)))
        tx.append(placed(key("aa"), ordered_at=NOW))
        tx.append(placed(key("d"), patient=Patient(tckn=OTHER)))
        tx.append(placed(key("e"), patient=Patient(file_number="7")))
        tx.append(placed(key("f"), procedures=(replace(CHEST, sut="R100251"),)))
        tx.append(placed(key("g"), control=Control.CANCEL))

    ledger.write(work)
    assert [one.accession for one in earlier(ledger, TCKN, CHEST.sut)] == ["b", "aa", "c"]
    assert len(earlier(ledger)) == 6
    assert earlier(ledger, "") == []
    assert ledger.read(lambda tx: tx.earlier_exams(TCKN, ())) == []


def test_a_changed_order_moves_its_procedures_and_leaves_none_behind(ledger: SqlLedger) -> None:
    changed = ordered(patient=Patient(tckn=OTHER), procedures=(HEAD,))
    ledger.write(lambda tx: tx.append(placed()))
    ledger.write(lambda tx: tx.append(e.OrderChanged(at=NOW, exam=KEY, order=changed, message=2)))
    assert earlier(ledger) == []
    assert [one.sut for one in earlier(ledger, OTHER)] == [HEAD.sut]
    cancelled = replace(changed, control=Control.CANCEL)
    ledger.write(lambda tx: tx.append(e.OrderCancelled(at=NOW, exam=KEY, order=cancelled, message=3)))
    assert earlier(ledger, OTHER) == []


def test_a_transaction_sees_its_own_orders_queries_and_outages(ledger: SqlLedger) -> None:
    def work(tx) -> tuple[int, int, int, int]:
        for one in (placed(), queried(), opened("q1"), e.OutageBegan(at=NOW, service="web")):
            tx.append(one)
        kept = tx.duplicate_query("q1")
        return (
            len(tx.earlier_exams(TCKN, [CHEST.sut])),
            len(tx.duplicate_queries(TCKN, NOW, NOW)),
            len(kept.openings),
            len(tx.outages(NOW, NOW)),
        )

    assert ledger.write(work) == (1, 1, 1, 1)


def test_the_queries_of_a_patient_are_found_in_a_stretch_with_both_its_ends(ledger: SqlLedger) -> None:
    hour = timedelta(hours=1)
    failed = {"state": Answering.FAILED, "found": (), "reason": "timeout"}

    def work(tx) -> None:
        tx.append(queried("q3", NOW + hour, **failed))
        tx.append(queried("q1", NOW - hour))
        tx.append(queried("q2"))
        tx.append(queried("q4", tckn=OTHER))
        tx.append(queried("q5", tckn="", state=Answering.UNASKABLE))

    ledger.write(work)
    assert ledger.read(lambda tx: tx.duplicate_queries(TCKN, NOW - hour, NOW + hour)) == [
        query("q1", NOW - hour),
        query("q2"),
        query("q3", NOW + hour, **failed),
    ]
    second = timedelta(seconds=1)
    found = ledger.read(lambda tx: tx.duplicate_queries(TCKN, NOW - hour + second, NOW + hour - second))
    assert [one.id for one in found] == ["q2"]
    assert ledger.read(lambda tx: tx.duplicate_queries("", NOW - hour, NOW + hour)) == []


def test_what_was_opened_stands_in_its_query_and_an_unknown_query_changes_nothing(ledger: SqlLedger) -> None:
    for one in (queried(), opened("q1"), opened("nobody"), opened("q1", "images")):
        ledger.write(lambda tx, one=one: tx.append(one))
    kept = ledger.read(lambda tx: tx.duplicate_query("q1"))
    assert kept == query(openings=(opening(), opening("images")))
    assert ledger.read(lambda tx: tx.duplicate_query("nobody")) is None
    assert ledger.rebuild() == (4, True)


def test_openings_at_the_same_moment_are_all_kept(ledger: SqlLedger) -> None:
    ledger.write(lambda tx: tx.append(queried()))

    def work() -> None:
        for _ in range(5):
            ledger.write(lambda tx: tx.append(opened("q1")))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    kept = ledger.read(lambda tx: tx.duplicate_query("q1"))
    assert kept is not None
    assert len(kept.openings) == 20
    assert ledger.rebuild() == (21, True)


def test_an_outage_begins_once_and_ends_once_for_each_service(ledger: SqlLedger) -> None:
    def at(minutes: int) -> datetime:
        return NOW + timedelta(minutes=minutes)

    told: list[e.Event] = [
        e.OutageEnded(at=at(0), service="duplicates"),
        e.OutageBegan(at=at(1), service="duplicates", reason="timeout"),
        e.OutageBegan(at=at(2), service="duplicates", reason="refused"),
        e.OutageBegan(at=at(2), service="web"),
        e.OutageEnded(at=at(3), service="duplicates"),
        e.OutageEnded(at=at(4), service="duplicates"),
        e.OutageBegan(at=at(9), service="duplicates"),
    ]
    for one in told:
        ledger.write(lambda tx, one=one: tx.append(one))
    first = Outage(service="duplicates", began_at=at(1), ended_at=at(3), reason="timeout")
    web = Outage(service="web", began_at=at(2))
    second = Outage(service="duplicates", began_at=at(9))
    assert ledger.read(lambda tx: tx.outages(NOW, at(60))) == [first, web, second]
    assert ledger.read(lambda tx: tx.outages(at(3), at(3))) == [first, web]
    assert ledger.read(lambda tx: tx.outages(at(4), at(9))) == [web, second]
    assert ledger.read(lambda tx: tx.outages(NOW, at(0))) == []
    assert ledger.rebuild() == (len(told), True)


def test_an_outage_ends_no_earlier_than_it_began(ledger: SqlLedger) -> None:
    def work(tx) -> None:
        tx.append(e.OutageBegan(at=NOW, service="web"))
        tx.append(e.OutageEnded(at=NOW - timedelta(hours=1), service="web"))

    ledger.write(work)
    assert ledger.read(lambda tx: tx.outages(NOW, NOW)) == [Outage(service="web", began_at=NOW, ended_at=NOW)]


def test_rebuilding_makes_procedures_queries_and_outages_again(ledger: SqlLedger) -> None:
    told: list[e.Event] = [
        placed(),
        queried(),
        e.StudyLinked(at=NOW, exam=KEY, facts=facts(study_date="20260302"), path="p"),
        e.OrderChanged(at=NOW, exam=KEY, order=ordered(procedures=(HEAD,)), message=2),
        opened("q1"),
        e.OutageBegan(at=NOW, service="web", reason="gone"),
        e.OutageEnded(at=NOW, service="web"),
    ]
    for one in told:
        ledger.write(lambda tx, one=one: tx.append(one))
    before = ledger.content()
    assert [len(before[name]) for name in ("procedure", "duplicate_query", "outage")] == [1, 1, 1]
    with ledger.engine.begin() as connection:
        for table in (schema.procedure, schema.duplicate_query, schema.outage):
            connection.execute(sa.delete(table))
    assert ledger.rebuild() == (len(told), False)
    assert ledger.content() == before
