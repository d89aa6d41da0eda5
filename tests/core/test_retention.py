"""When a study is past its time, on both sides of the day, and what holds it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from gecit.core.exam import Exam, Study
from gecit.core.order import ExamKey
from gecit.core.retention import Fault, Hold, RetentionList, Terms, digest_of, faults_of
from gecit.core.retention_due import covers, kept_until, listed
from tests.support.flow import order
from tests.support.flow import study as facts

AT = datetime(2020, 1, 1, tzinfo=UTC)
KEY = ExamKey(institution="910001", accession="A1")
TCKN = "10000000146"


def study(**differs: Any) -> Study:
    one = replace(facts("s1", "A1"), study_date="20000229", patient_id="F1", **differs)
    return Study(key=one.key, facts=one, first_seen_at=AT, read_at=AT)


@pytest.mark.parametrize(
    ("terms", "until"),
    [
        (Terms(), None),
        (Terms(years=20), date(2020, 2, 29)),
        (Terms(years=21), date(2021, 3, 1)),
        (Terms(years=20, by_modality={"CT": 30}), date(2030, 3, 1)),
        (Terms(years=20, by_modality={"CT": 0}), None),
        (Terms(by_modality={"CT": 1}), date(2001, 3, 1)),
        (Terms(by_modality={"MR": 1}), None),
    ],
)
def test_a_study_is_kept_for_its_years(terms: Terms, until: date | None) -> None:
    assert kept_until(study(), (), terms) == until


@pytest.mark.parametrize("day", ["", "2000", "20001301", "99991231"])
def test_a_day_that_is_none_keeps_it_for_ever(day: str) -> None:
    one = study()
    assert kept_until(replace(one, facts=replace(one.facts, study_date=day)), (), Terms(years=20)) is None


def test_the_last_of_study_order_and_report_counts() -> None:
    exam = Exam(key=KEY, order=replace(order("A1"), ordered_at=datetime(2010, 5, 1, 9, tzinfo=UTC)))
    assert kept_until(study(), (exam,), Terms(years=20)) == date(2030, 5, 1)


@pytest.mark.parametrize(
    ("hold", "held"),
    [
        ({"exam": KEY}, True),
        ({"exam": ExamKey(institution="910001", accession="A2")}, False),
        ({"exam": ExamKey(institution="910002", accession="A1")}, False),
        ({"patient": TCKN}, True),
        ({"patient": "10000000214"}, False),
        ({"patient": TCKN, "released_at": AT}, False),
    ],
)
def test_a_hold_keeps_what_it_names(hold: dict[str, Any], held: bool) -> None:
    exam = Exam(key=KEY, order=order("A1"))
    exam = replace(exam, order=replace(exam.order, patient=replace(exam.order.patient, tckn=TCKN)))  # type: ignore[type-var]
    made = Hold(id="h", reason="dava", at=AT, by="yonetici", **hold)
    assert covers(made, study(institution="910001"), (exam,)) is held


def test_a_hold_keeps_a_study_that_no_exam_has_by_its_own_numbers() -> None:
    assert covers(Hold(id="h", reason="dava", at=AT, by="y", exam=KEY), study(institution=""), ())
    assert covers(Hold(id="h", reason="dava", at=AT, by="y", patient="F1"), study(), ())


@pytest.mark.parametrize(
    ("differs", "found"),
    [
        ({"patient": TCKN}, []),
        ({"exam": KEY}, []),
        ({}, [Fault.WHOM]),
        ({"patient": "1"}, [Fault.WHOM]),
        ({"patient": TCKN, "exam": KEY}, [Fault.WHOM]),
        ({"exam": ExamKey(institution="", accession="A1")}, [Fault.WHOM]),
        ({"patient": TCKN, "reason": ""}, [Fault.REASON]),
    ],
)
def test_a_hold_names_one_thing_and_a_reason(differs: dict[str, Any], found: list[Fault]) -> None:
    assert faults_of(Hold(**{"id": "h", "reason": "dava", "at": AT, "by": "y", **differs})) == found


def test_the_digest_is_of_what_is_named_and_not_of_its_approval() -> None:
    one = RetentionList(
        id="l", made_at=AT, made_by="y", years=20, by_modality={}, studies=(listed(study(), (), date(2020, 2, 29)),)
    )
    assert digest_of(one) == digest_of(replace(one, digest="x", approved_at=AT, approved_by="z"))
    assert digest_of(one) != digest_of(replace(one, studies=()))
    assert digest_of(one) != digest_of(replace(one, years=19))
