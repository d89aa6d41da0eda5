"""The list of exams on both engines: what narrows it, who reaches what, pages from place to place, folded again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from bench.million import WINDOW, fill
from msgspec.structs import replace

from gecit.core import events as e
from gecit.core.access import Reach
from gecit.core.exam import Exam
from gecit.core.listing import UNDATED, devices, listed_at
from gecit.core.order import ExamKey
from gecit.core.search import UNJUDGED, ExamSearch, Place
from gecit.core.values import Text
from gecit.core.verdict import Effect, Finding, Outcome, Status, Verdict
from gecit.edges.store import SqlLedger, schema
from tests.fakes import NOON
from tests.support.exams import CLEAN, FRESH, HELD, TCKN, facts, life, order, record

ALL = Reach(everything=True)
COUNT = 240


def found(ledger: SqlLedger, limit: int = 1_000, **asked: object) -> list[str]:
    search = ExamSearch(**{"reach": ALL, **asked})  # type: ignore[arg-type]
    return [one.key.accession for one in ledger.search_exams(search, limit).exams]


@pytest.fixture
def few(ledger: SqlLedger) -> SqlLedger:
    record(ledger)
    ledger.write(lambda tx: tx.append(e.StudyFactsRecorded(study=facts(CLEAN).key, at=NOON, facts=facts(CLEAN))))
    ledger.write(lambda tx: tx.queue("medula", "notify", "k", CLEAN, b"{}", NOON))
    with ledger.engine.begin() as connection:
        connection.execute(sa.update(schema.outbox).values(state="parked", resume="queued"))
    return ledger


HELD_A, CLEAN_A, FRESH_A = HELD.accession, CLEAN.accession, FRESH.accession


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, {HELD_A, CLEAN_A, FRESH_A}),
        ({"outcome": "hold"}, {HELD_A}),
        ({"outcome": "submit"}, {CLEAN_A}),
        ({"outcome": UNJUDGED}, {FRESH_A}),
        ({"outcome": "pending"}, set()),
        ({"billing": "untold"}, {HELD_A, CLEAN_A, FRESH_A}),
        ({"billing": "refused"}, set()),
        ({"rule": "dose-report"}, {HELD_A}),
        ({"rule": "patient-id"}, set()),  # it only warns
        ({"rule": "duplicate-query-missing"}, set()),  # it is excused
        ({"modality": "CT"}, {HELD_A, CLEAN_A, FRESH_A}),
        ({"modality": "MR"}, set()),
        ({"device": "BT1"}, {HELD_A, CLEAN_A}),
        ({"device": "BT1", "rule": "dose-report"}, {HELD_A}),
        ({"device": "none", "rule": "dose-report"}, set()),
        ({"institution": HELD.institution}, {HELD_A, CLEAN_A}),
        ({"institution": HELD.institution, "outcome": "hold", "modality": "CT"}, {HELD_A}),
        ({"since": NOON}, {HELD_A, CLEAN_A, FRESH_A}),
        ({"since": NOON + timedelta(microseconds=1)}, set()),
        ({"until": NOON}, set()),
        ({"tckn": TCKN}, {HELD_A, CLEAN_A, FRESH_A}),
        ({"tckn": "10000000214"}, set()),
        ({"accession": CLEAN_A}, {CLEAN_A}),
        ({"study_uid": facts(CLEAN).study_instance_uid}, {CLEAN_A}),
        ({"study_uid": "1.2"}, set()),
        ({"parked": True}, {CLEAN_A}),
        ({"parked": True, "rule": "dose-report"}, set()),
    ],
    ids=str,
)
def test_each_word_of_the_search_narrows(few: SqlLedger, asked: dict[str, object], expected: set[str]) -> None:
    assert set(found(few, **asked)) == expected
    assert few.count_exams(ExamSearch(reach=ALL, **asked)) == len(expected)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("reach", "expected"),
    [
        (Reach(), set()),
        (Reach(institution=HELD.institution), {HELD_A, CLEAN_A}),
        (Reach(institution=FRESH.institution), {FRESH_A}),
        (Reach(institution="999999"), set()),
        (Reach(patient=TCKN), {HELD_A, CLEAN_A, FRESH_A}),
        (Reach(patient="10000000214"), set()),
        (Reach(institution=FRESH.institution, patient="10000000214"), {FRESH_A}),
    ],
    ids=str,
)
def test_nobody_finds_what_he_does_not_reach_by_any_word(few: SqlLedger, reach: Reach, expected: set[str]) -> None:
    assert set(found(few, reach=reach)) == expected
    for asked in (
        {"tckn": TCKN}, {"accession": HELD_A}, {"rule": "dose-report"}, {"device": "BT1"}, {"parked": True},
        {"institution": HELD.institution}, {"study_uid": facts(HELD).study_instance_uid}, {"outcome": "hold"},
    ):  # fmt: skip
        assert set(found(few, reach=reach, **asked)) == set(found(few, **asked)) & expected


@pytest.fixture
def many(ledger: SqlLedger) -> SqlLedger:
    fill(ledger, COUNT, seed=3, held=30)
    return ledger


@pytest.mark.parametrize(
    "asked",
    [{}, {"outcome": "hold"}, {"modality": "US"}, {"rule": "duplicate-query-missing"}, {"device": "OLC-CT"},
     {"reach": Reach(institution="900103")}, {"since": WINDOW[0], "until": WINDOW[1]}],
    ids=str,
)  # fmt: skip
def test_pages_go_on_from_a_place_forth_and_back_and_leave_nothing_out(
    many: SqlLedger, asked: dict[str, object]
) -> None:
    search = ExamSearch(**{"reach": ALL, **asked})  # type: ignore[arg-type]
    whole = [one.key for one in many.search_exams(search, COUNT + 1).exams]
    order_ = [(listed_at(one), one.key) for one in many.search_exams(search, COUNT + 1).exams]
    assert order_ == sorted(order_, reverse=True) and len(whole) == len(set(whole)) > 0
    pages, place, newer = [], None, None
    while True:
        page = many.search_exams(search, 7, after=place)
        pages.append([one.key for one in page.exams])
        newer = page.newer
        if page.older is None:
            break
        place = page.older
    assert [key for page in pages for key in page] == whole
    back = [pages[-1]]
    while newer is not None:
        page = many.search_exams(search, 7, before=newer)
        back.insert(0, [one.key for one in page.exams])
        newer = page.newer
        assert page.older is not None
    assert back == pages
    assert [one.key for one in many.all_exams(search)] == whole


def test_a_page_that_was_left_stays_where_it_is_when_exams_come_in(many: SqlLedger) -> None:
    search = ExamSearch(reach=ALL)
    first = many.search_exams(search, 5)
    second = many.search_exams(search, 5, after=first.older)
    newest = replace(order(FRESH), ordered_at=NOON + timedelta(days=300))
    many.write(lambda tx: tx.append(e.OrderPlaced(exam=FRESH, at=NOON, order=newest, message=1)))
    assert many.search_exams(search, 1).exams[0].key == FRESH
    assert many.search_exams(search, 5, after=first.older) == second


def verdict(outcome: Outcome, *rules: str) -> Verdict:
    title = Text(tr="k", en="r")
    said = tuple(Finding(rule=one, status=Status.FAILED, effect=Effect.HOLD, title=title) for one in rules)
    return Verdict(outcome=outcome, findings=said, judged_at=NOON, known_at=NOON, rulebook="r")


def test_rules_devices_and_places_follow_the_exam_and_are_folded_again_to_the_byte(ledger: SqlLedger) -> None:
    record(ledger)
    for number, rules in enumerate([("a", "b"), ("b",), ("b", "c"), ()]):
        outcome = Outcome.HOLD if rules else Outcome.SUBMIT
        judged = e.ExamJudged(exam=HELD, at=NOON + timedelta(hours=number), verdict=verdict(outcome, *rules))
        ledger.write(lambda tx, one=judged: tx.append(one))  # type: ignore[misc]
        for rule in "abc":
            assert found(ledger, rule=rule) == ([HELD_A] if rule in rules else [])
    moved = replace(order(HELD), ordered_at=NOON - timedelta(days=3))
    ledger.write(lambda tx: tx.append(e.OrderChanged(exam=HELD, at=NOON, order=moved, message=5)))
    ledger.write(lambda tx: tx.append(e.ExamJudged(exam=HELD, at=NOON, verdict=verdict(Outcome.HOLD, "a"))))
    assert found(ledger, rule="a", until=NOON) == [HELD_A]
    assert found(ledger, device="BT1", until=NOON) == [HELD_A]
    gone = e.StudyUnlinked(exam=HELD, at=NOON, study=facts(HELD).key, reason="gone")
    ledger.write(lambda tx: tx.append(gone))
    assert found(ledger, device="BT1") == [CLEAN_A]
    before = ledger.content()
    assert before["exam_rule"] and before["exam_device"]
    assert ledger.rebuild()[1]
    assert ledger.content() == before


def test_an_exam_of_which_only_a_waiting_report_is_known_stands_last(ledger: SqlLedger) -> None:
    record(ledger)
    alone = ExamKey(institution="910001", accession="YALNIZ")
    ledger.write(lambda tx: tx.append(e.ReportDeferred(exam=alone, at=NOON, message=8, reason="registry")))
    assert found(ledger)[-1] == "YALNIZ"
    assert listed_at(Exam(key=alone)) == UNDATED
    assert ledger.rebuild()[1]


def test_a_dose_report_counts_for_the_device_that_it_names_else_for_all() -> None:
    from tests.support.exams import fold

    clean, held = fold(life(CLEAN)), fold(life(HELD))
    assert [one.dose for one in devices(clean)] == [True]
    assert [(one.name, one.dose) for one in devices(held)] == [("BT1", False)]
    [study] = clean.studies
    named = replace(study.facts.dose_reports[0], device_serial="another")
    other = replace(study, facts=replace(study.facts, dose_reports=(named,)))
    assert [one.dose for one in devices(replace(clean, studies=(other,)))] == [False]


def test_a_place_without_a_page_is_empty(ledger: SqlLedger) -> None:
    place = Place(listed_at=NOON, institution="1", accession="1")
    assert ledger.search_exams(ExamSearch(reach=ALL), 5, after=place).exams == ()


PLANS = [
    ({}, "exam_listed"),
    ({"outcome": "hold"}, "exam_waiting"),
    ({"billing": "refused"}, "exam_untold"),
    ({"rule": "x"}, "exam_rule_listed"),
    ({"device": "x"}, "exam_device_listed"),
    ({"reach": Reach(institution="1")}, "exam_listed_of"),
    ({"reach": Reach(institution="1"), "outcome": "hold"}, "exam_waiting_of"),
    ({"reach": Reach(institution="1"), "billing": "refused"}, "exam_untold_of"),
    ({"reach": Reach(institution="1"), "tckn": "1"}, "exam_patient"),
    ({"reach": Reach(institution="1"), "parked": True}, "outbox_parked"),
]


@pytest.mark.parametrize(("asked", "index"), PLANS, ids=str)
@pytest.mark.parametrize("deep", [False, True], ids=["first", "deep"])
def test_no_page_reads_more_than_an_index_of_what_it_shows(
    tmp_path: Path, sqlite_ledger: SqlLedger, asked: dict[str, object], index: str, deep: bool
) -> None:
    """The time of a page at a million exams hangs on these indexes; what is ordered by hand would read all."""
    from sqlalchemy.dialects import sqlite

    from gecit.edges.store.search import keys_of

    place = Place(listed_at=NOON, institution="1", accession="1") if deep else None
    query = keys_of(ExamSearch(**{"reach": ALL, **asked}), place).limit(51)  # type: ignore[arg-type]
    text = query.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})  # type: ignore[no-untyped-call]
    with sqlite_ledger.engine.connect() as connection:
        plan = " / ".join(row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}"))
    assert f"INDEX {index} " in f"{plan} ".replace("(", " (").replace("  ", " "), plan
    few = "tckn" in asked or "parked" in asked
    assert few or "USE TEMP B-TREE FOR ORDER BY" not in plan
